package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Bounds of the metadata at the end of a file. What is larger is refused before anything is made of it.
const (
	maxFooter  = 128 << 20 // bytes
	maxStructs = 4 << 20   // structs and elements of lists in them
	maxSchema  = 100_000   // elements of the schema
	maxNesting = 64        // of structs in the metadata, and of groups in the schema
)

var errMetadata = errors.New("its metadata is damaged")

// checkMetadata walks through metadata as it stands in the file (Thrift's compact protocol, a FileMetaData) and sees that it is whole and
// within the bounds above: the library that reads it takes memory for whatever a length says.
func checkMetadata(data []byte) error {
	w := &walker{data: data}
	var children []int64
	err := w.structure(0, func(id int64, typ byte) error {
		const schema = 2 // of FileMetaData
		if id != schema || typ != thriftList {
			return w.value(typ, 1)
		}
		n, of, err := w.list()
		if err != nil || of != thriftStruct {
			return errMetadata
		}
		if n > maxSchema {
			return fmt.Errorf("its schema has more than %d elements", maxSchema)
		}
		for range n {
			count := int64(0)
			err := w.structure(1, func(id int64, typ byte) error {
				const numChildren = 5 // of SchemaElement
				if id != numChildren || typ != thriftI32 {
					return w.value(typ, 2)
				}
				x, k := binary.Varint(w.data)
				if k <= 0 {
					return errMetadata
				}
				count, w.data = x, w.data[k:]
				return nil
			})
			if err != nil {
				return err
			}
			children = append(children, count)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return checkTree(children)
}

// checkTree sees that the elements of a schema, of which the numbers of children are given, are one tree that is not too deep.
func checkTree(children []int64) error {
	var open []int64 // children that are yet to come, of each group that is open
	for i, n := range children {
		if n < 0 || n >= int64(len(children)) || i > 0 && len(open) == 0 {
			return errMetadata
		}
		if len(open) > 0 {
			open[len(open)-1]--
		}
		if n > 0 {
			open = append(open, n)
		}
		if len(open) > maxNesting {
			return fmt.Errorf("its columns are nested more than %d deep", maxNesting)
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 || len(children) == 0 {
		return errMetadata
	}
	return nil
}

// Types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// walker passes over values of the compact protocol.
type walker struct {
	data    []byte
	structs int
}

// structure calls field for each field of a struct; it must pass over the value.
func (w *walker) structure(depth int, field func(id int64, typ byte) error) error {
	if depth > maxNesting {
		return errMetadata
	}
	if err := w.count(1); err != nil {
		return err
	}
	id := int64(0)
	for {
		if len(w.data) == 0 {
			return errMetadata
		}
		head := w.data[0]
		w.data = w.data[1:]
		if head == 0 {
			return nil
		}
		if delta := head >> 4; delta > 0 {
			id += int64(delta)
		} else {
			x, n := binary.Varint(w.data)
			if n <= 0 {
				return errMetadata
			}
			id, w.data = x, w.data[n:]
		}
		if err := field(id, head&15); err != nil {
			return err
		}
	}
}

// count counts structs and elements.
func (w *walker) count(n int) error {
	if w.structs += n; w.structs > maxStructs {
		return fmt.Errorf("its metadata has more than %d entries", maxStructs)
	}
	return nil
}

func (w *walker) skip(n uint64) error {
	if n > uint64(len(w.data)) {
		return errMetadata
	}
	w.data = w.data[n:]
	return nil
}

func (w *walker) uvarint() (uint64, error) {
	x, n := binary.Uvarint(w.data)
	if n <= 0 {
		return 0, errMetadata
	}
	w.data = w.data[n:]
	return x, nil
}

// list reads the head of a list. Each element has at least a byte.
func (w *walker) list() (n int, of byte, err error) {
	if len(w.data) == 0 {
		return 0, 0, errMetadata
	}
	head := w.data[0]
	w.data = w.data[1:]
	size := uint64(head >> 4)
	if size == 15 {
		if size, err = w.uvarint(); err != nil {
			return 0, 0, err
		}
	}
	if size > uint64(len(w.data)) {
		return 0, 0, errMetadata
	}
	return int(size), head & 15, w.count(int(size))
}

// value passes over a value of a field. A bool is part of the field's head there.
func (w *walker) value(typ byte, depth int) error {
	if typ == thriftTrue || typ == thriftFalse {
		return nil
	}
	return w.element(typ, depth)
}

// element passes over a value of a list or a map.
func (w *walker) element(typ byte, depth int) error {
	if depth > maxNesting {
		return errMetadata
	}
	switch typ {
	case thriftTrue, thriftFalse, thriftByte:
		return w.skip(1)
	case thriftI16, thriftI32, thriftI64:
		_, err := w.uvarint()
		return err
	case thriftDouble:
		return w.skip(8)
	case thriftUUID:
		return w.skip(16)
	case thriftBinary:
		n, err := w.uvarint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		n, of, err := w.list()
		if err != nil {
			return err
		}
		for range n {
			if err := w.element(of, depth+1); err != nil {
				return err
			}
		}
		return nil
	case thriftMap:
		n, err := w.uvarint()
		if err != nil || n == 0 {
			return err
		}
		if len(w.data) == 0 || n > uint64(len(w.data)) {
			return errMetadata
		}
		kinds := w.data[0]
		w.data = w.data[1:]
		if err := w.count(int(n)); err != nil {
			return err
		}
		for range n {
			for _, t := range []byte{kinds >> 4, kinds & 15} {
				if err := w.element(t, depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	case thriftStruct:
		return w.structure(depth, func(_ int64, typ byte) error { return w.value(typ, depth+1) })
	}
	return errMetadata
}
