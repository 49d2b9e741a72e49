package parquet

import (
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"weir/compiler/types"
)

// rootOf gives the schema of a row.
func rootOf(row types.Row) *schema.GroupNode {
	fields := make(schema.FieldList, len(row))
	for i, f := range row {
		fields[i] = nodeOf(f.Name, f.Type)
	}
	return schema.MustGroup(schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1))
}

// nodeOf gives the node of a field. The types that get here are those that every column can have, so that no node can fail to be made.
func nodeOf(name string, t types.Type) schema.Node {
	rep := parquet.Repetitions.Required
	if t.Nullable {
		rep = parquet.Repetitions.Optional
	}
	leaf := func(physical parquet.Type, logical schema.LogicalType) schema.Node {
		return schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, rep, logical, physical, -1, -1))
	}
	switch t.Kind {
	case types.Bool:
		return leaf(parquet.Types.Boolean, schema.NoLogicalType{})
	case types.Float:
		return leaf(parquet.Types.Double, schema.NoLogicalType{})
	case types.Timestamp:
		return leaf(parquet.Types.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitNanos))
	case types.Bytes:
		return leaf(parquet.Types.ByteArray, schema.NoLogicalType{})
	case types.List:
		list := schema.MustGroup(schema.NewGroupNode("list", parquet.Repetitions.Repeated, schema.FieldList{nodeOf("element", *t.Elem)}, -1))
		return schema.MustGroup(schema.NewGroupNodeLogical(name, rep, schema.FieldList{list}, schema.ListLogicalType{}, -1))
	case types.Record:
		fields := make(schema.FieldList, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = nodeOf(f.Name, f.Type)
		}
		return schema.MustGroup(schema.NewGroupNode(name, rep, fields, -1))
	}
	if t.Kind.Storage() == types.StoreInt {
		return leaf(parquet.Types.Int64, schema.NoLogicalType{})
	}
	return leaf(parquet.Types.ByteArray, schema.StringLogicalType{})
}
