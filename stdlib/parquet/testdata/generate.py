"""Makes the Parquet files of this folder, and what is in them as JSON lines beside them.

    python generate.py        needs pyarrow

In the JSON a timestamp or duration is its nanoseconds, bytes are {"b": hexadecimal digits}, a float that JSON lacks {"f": text},
a map a list of {key, value}, a decimal the text of the float nearest to it.
"""
import datetime
import decimal
import json
import math
import os
import random
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

here = os.path.dirname(os.path.abspath(__file__))
DAY = 86_400_000_000_000


def plain(v, t):
    """Gives a value as the JSON has it."""
    if v is None:
        return None
    if pa.types.is_timestamp(t) or pa.types.is_duration(t) or pa.types.is_date(t) or pa.types.is_time(t):
        unit = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
        n = v.cast(pa.int64() if t.bit_width == 64 else pa.int32()).as_py()
        if pa.types.is_date(t):
            return n * DAY if t.bit_width == 32 else n * 10**6
        return n * unit[t.unit]
    if isinstance(v, pa.Scalar):
        if not v.is_valid:
            return None
        if isinstance(v, (pa.ListScalar, pa.LargeListScalar, pa.FixedSizeListScalar)) and not pa.types.is_map(t):
            return [plain(x, t.value_type) for x in v.values]
        if pa.types.is_map(t):
            return [{"key": plain(k, t.key_type), "value": plain(x, t.item_type)}
                    for k, x in zip(v.values.field(0), v.values.field(1))]
        if isinstance(v, pa.StructScalar):
            return {f.name: plain(v[f.name], f.type) for f in t}
        if isinstance(v, pa.DictionaryScalar):
            return v.as_py()
        v = v.as_py()
    if isinstance(v, bytes):
        return {"b": v.hex()}
    if isinstance(v, decimal.Decimal):
        return int(v) if t.scale == 0 else float(v)
    if isinstance(v, float) and not math.isfinite(v):
        return {"f": repr(v)}
    if isinstance(v, uuid.UUID):
        return str(v)
    return v


def write(name, table, rows="", **options):
    """Writes a table, and its rows beside it under their own name where several files have them."""
    pq.write_table(table, os.path.join(here, name + ".parquet"), **options)
    with open(os.path.join(here, (rows or name) + ".jsonl"), "w") as out:
        for i in range(table.num_rows):
            row = {}
            for f, c in zip(table.schema, table.columns):
                s = c[i]
                row[f.name] = plain(s, f.type) if s.is_valid else None
            print(json.dumps(row, ensure_ascii=False), file=out)


def types():
    """Every type that there is, with nulls."""
    D = decimal.Decimal
    cols = {
        "b": pa.array([True, None, False, True]),
        "i8": pa.array([1, -128, None, 127], pa.int8()),
        "i16": pa.array([1, -32768, None, 32767], pa.int16()),
        "i32": pa.array([1, -2**31, None, 2**31 - 1], pa.int32()),
        "i64": pa.array([1, -2**63, None, 2**63 - 1], pa.int64()),
        "u8": pa.array([1, 0, None, 255], pa.uint8()),
        "u16": pa.array([1, 0, None, 65535], pa.uint16()),
        "u32": pa.array([1, 0, None, 2**32 - 1], pa.uint32()),
        "u64": pa.array([1, 0, None, 2**63 - 1], pa.uint64()),
        "f16": pa.array([1.5, -0.0, None, 6e-8], pa.float16()),
        "f32": pa.array([1.5, float("inf"), None, 1e-45], pa.float32()),
        "f64": pa.array([0.1, float("nan"), None, 1e300], pa.float64()),
        "s": pa.array(["a", "", None, "Grüße 🦠"]),
        "raw": pa.array([b"\x00\xff", b"", None, b"xyz"], pa.binary()),
        "fixed": pa.array([b"abc", b"\x00\x00\x00", None, b"xyz"], pa.binary(3)),
        "date": pa.array([0, -100000, None, 20000], pa.date32()),
        "ts_s": pa.array([0, -1, None, 1_700_000_000], pa.timestamp("s")),
        "ts_ms": pa.array([0, -1, None, 1_700_000_000_123], pa.timestamp("ms")),
        "ts_us": pa.array([0, -1, None, 1_700_000_000_123_456], pa.timestamp("us", "UTC")),
        "ts_ns": pa.array([0, -1, None, 1_700_000_000_123_456_789], pa.timestamp("ns")),
        "t_ms": pa.array([0, 1, None, 86_399_999], pa.time32("ms")),
        "t_us": pa.array([0, 1, None, 86_399_999_999], pa.time64("us")),
        "t_ns": pa.array([0, 1, None, 86_399_999_999_999], pa.time64("ns")),
        "d5_2": pa.array([D("1.23"), D("-999.99"), None, D("0.01")], pa.decimal128(5, 2)),
        "d15_4": pa.array([D("12345678901.2345"), D("-0.0001"), None, D("0")], pa.decimal128(15, 4)),
        "d38_10": pa.array([D("1234567890123456789012345678.0123456789"), D("-1"), None, D("0.1")], pa.decimal128(38, 10)),
        "d9_0": pa.array([D("123456789"), D("-5"), None, D("0")], pa.decimal128(9, 0)),
        "d25_0": pa.array([D("9223372036854775807"), D("-9223372036854775808"), None, D("0")], pa.decimal128(25, 0)),
        "cat": pa.array(["x", "y", None, "x"]).dictionary_encode(),
        "nothing": pa.nulls(4),
    }
    table = pa.table(cols)
    uu = pa.array([uuid.UUID(int=5).bytes, uuid.UUID(int=2**128 - 1).bytes, None, uuid.UUID(int=7 << 64).bytes], pa.binary(16))
    table = table.append_column("uuid", pa.ExtensionArray.from_storage(pa.uuid(), uu))
    write("types", table)
    required = pa.schema([pa.field(f.name, f.type, nullable=False) for f in table.schema if f.name not in ("nothing", "uuid")])
    rows = table.select(required.names).take([0, 3])
    write("required", pa.Table.from_arrays(rows.columns, schema=required))


def nested():
    """Lists, records, maps and what can be made of them."""
    t = pa.schema([
        ("id", pa.int32()),
        ("ints", pa.list_(pa.int64())),
        ("deep", pa.list_(pa.list_(pa.string()))),
        ("point", pa.struct([("x", pa.float64()), ("y", pa.float64()), ("name", pa.string())])),
        ("points", pa.list_(pa.struct([("x", pa.int32()), ("tags", pa.list_(pa.string()))]))),
        ("attributes", pa.map_(pa.string(), pa.int64())),
        ("box", pa.struct([("a", pa.struct([("b", pa.list_(pa.bool_()))])), ("n", pa.int8())])),
        pa.field("must", pa.list_(pa.field("element", pa.int64(), nullable=False)), nullable=False),
        pa.field("whole", pa.struct([pa.field("k", pa.int64(), nullable=False), pa.field("v", pa.string())]), nullable=False),
    ])
    r = random.Random(1)

    def value(f, depth=0):
        ty = f.type
        if f.nullable and r.random() < 0.2:
            return None
        if pa.types.is_map(ty):
            return [("k%d" % i, value(pa.field("v", ty.item_type), 1)) for i in range(r.randrange(3))]
        if pa.types.is_list(ty):
            return [value(ty.value_field, 1) for _ in range(r.choice([0, 1, 2, 5]))]
        if pa.types.is_struct(ty):
            return {g.name: value(g, 1) for g in ty}
        if pa.types.is_string(ty):
            return r.choice(["", "a", "bb", "ccc", "αβ"])
        if pa.types.is_boolean(ty):
            return r.random() < 0.5
        if pa.types.is_floating(ty):
            return r.random()
        return r.randrange(-100, 100)

    rows = [{f.name: value(f) for f in t} for _ in range(100)]
    table = pa.Table.from_pylist(rows, schema=t)
    write("nested", table, "nested", row_group_size=40, data_page_size=200)
    write("nested_v2", table, "nested", row_group_size=60, data_page_size=300, data_page_version="2.0", use_dictionary=False, compression="zstd")


def encodings():
    """Every encoding, page version and codec."""
    r = random.Random(2)
    n = 200

    def some(f):
        return [None if r.random() < 0.1 else f(i) for i in range(n)]

    def table(nullable):
        pick = some if nullable else (lambda f: [f(i) for i in range(n)])
        return pa.table({
            "i32": pa.array(pick(lambda i: r.randrange(-2**31, 2**31)), pa.int32()),
            "i64": pa.array(pick(lambda i: 10**12 + i * 1000 + r.randrange(50)), pa.int64()),
            "f32": pa.array(pick(lambda i: r.choice([0.5, 1.25, -3.0]) * i), pa.float32()),
            "f64": pa.array(pick(lambda i: r.random()), pa.float64()),
            "s": pa.array(pick(lambda i: "prefix-%05d-%s" % (i // 7, "x" * r.randrange(4)))),
            "fix": pa.array(pick(lambda i: b"%04d" % (i // 3)), pa.binary(4)),
            "b": pa.array(pick(lambda i: i % 5 < 2)),
            "few": pa.array(pick(lambda i: r.choice(["red", "green", "blue"]))),
        })
    opt, req = table(True), table(False)
    delta = {"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY", "few": "DELTA_LENGTH_BYTE_ARRAY",
             "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT", "fix": "DELTA_BYTE_ARRAY", "b": "RLE"}
    split = {"i32": "BYTE_STREAM_SPLIT", "i64": "BYTE_STREAM_SPLIT", "fix": "BYTE_STREAM_SPLIT", "s": "DELTA_LENGTH_BYTE_ARRAY",
             "f32": "PLAIN", "f64": "PLAIN", "few": "PLAIN", "b": "PLAIN"}
    page = dict(data_page_size=700, write_batch_size=64, dictionary_pagesize_limit=600)
    write("plain_snappy", opt, "optional", use_dictionary=False, compression="snappy", **page)
    write("dict_v2_zstd", opt, "optional", data_page_version="2.0", compression="zstd", **page)
    write("delta_gzip", opt, "optional", use_dictionary=False, column_encoding=delta, compression="gzip", **page)
    write("split_lz4", opt, "optional", use_dictionary=False, column_encoding=split, compression="lz4", data_page_version="2.0", **page)
    schema = pa.schema([pa.field(f.name, f.type, nullable=False) for f in req.schema])
    req = pa.Table.from_arrays(req.columns, schema=schema)
    write("required_brotli", req, "encodings", compression="brotli", **page)
    write("required_none", req, "encodings", use_dictionary=False, column_encoding=delta, compression="none", data_page_version="2.0", **page)


def groups():
    """Row groups with statistics, for conditions."""
    n = 500
    table = pa.table({
        "id": pa.array(range(n), pa.int64()),
        "at": pa.array([1_700_000_000_000 + i * 60_000 for i in range(n)], pa.timestamp("ms", "UTC")),
        "name": ["n%04d" % i for i in range(n)],
        "x": pa.array([None if i // 50 == 3 or i % 7 == 0 else i / 8 for i in range(n)]),
        "kind": [["a", "b", "c"][i // 200] for i in range(n)],
        "place": pa.array([{"lat": float(i), "ok": i % 2 == 0} for i in range(n)],
                          pa.struct([("lat", pa.float64()), ("ok", pa.bool_())])),
    })
    write("groups", table, row_group_size=50, compression="zstd")


def bad():
    """Values that have no place here."""
    big = pa.table({"id": pa.array(range(6), pa.int32()), "u": pa.array([0, 2**63, 1, 2**64 - 1, None, 2**63 - 1], pa.uint64())})
    pq.write_table(big, os.path.join(here, "bad_uint64.parquet"))
    days = pa.table({"id": pa.array(range(4), pa.int32()), "at": pa.array([0, 253402214400000, None, -62135596800000], pa.timestamp("ms")),
                     "on": pa.array([0, 1, 2932896, None], pa.date32())})
    pq.write_table(days, os.path.join(here, "bad_time.parquet"))
    # Text that is not UTF-8 cannot be written as text by pyarrow: the bytes are changed in the file.
    text = pa.table({"s": ["fine", "bad:xyz", "fine too"]})
    path = os.path.join(here, "bad_utf8.parquet")
    pq.write_table(text, path, use_dictionary=False, compression="none", write_statistics=False)
    data = open(path, "rb").read()
    assert data.count(b"bad:xyz") == 1
    open(path, "wb").write(data.replace(b"bad:xyz", b"bad:\xff\xfe\xfd"))
    old = pa.table({"at": pa.array([0, 1_700_000_000_123_456_789, None, -1], pa.timestamp("ns")), "id": pa.array([1, 2, 3, 4], pa.int64())})
    write("int96", old, use_deprecated_int96_timestamps=True)
    lists = pa.table({"l": pa.array([[1, 2], None, [3]], pa.list_(pa.int64())), "id": pa.array([1, 2, 3], pa.int64())})
    write("list_old", lists, use_compliant_nested_type=False)
    odd = pa.table({"Total Amount": [1], "ok": [2]})
    pq.write_table(odd, os.path.join(here, "odd_names.parquet"))
    pq.write_table(pa.table({"i": pa.array([], pa.int64()), "s": pa.array([], pa.string())}), os.path.join(here, "empty.parquet"))


types()
nested()
encodings()
groups()
bad()
