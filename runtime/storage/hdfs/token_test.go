package hdfs

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
)

// FuzzToken: whatever a damaged checkpoint says, nothing outside the file's own temporary folder is named.
func FuzzToken(f *testing.F) {
	good := token{Path: "hdfs://nn/dir/file", Run: "0123456789ab"}
	good.add(piece{Name: "0-00000000", Size: 5, CRC: 7, ID: 9})
	good.add(piece{Name: "3-0a1b2c3d", Size: 1 << 40, CRC: 1, ID: 10})
	b, err := json.Marshal(good)
	must(f, err)
	f.Add(b)
	f.Add([]byte(`{"path":"hdfs://nn/../../x","run":"0123456789ab"}`))
	f.Add([]byte(`{"path":"hdfs://nn/x","run":"../../../etc","size":0}`))
	f.Add([]byte(`{"path":"hdfs://nn/x","run":"0123456789ab","pieces":[{"name":"../y","size":1}],"size":1}`))
	f.Add([]byte(`{"path":"hdfs://nn/x","run":"0123456789ab","pieces":[{"name":"0-00000000","size":9223372036854775807},{"name":"1-00000000","size":9223372036854775807}],"size":-2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := parse(data)
		if err != nil {
			return
		}
		name := path.Clean("/" + strings.SplitN(strings.TrimPrefix(tok.Path, "hdfs://")+"/", "/", 2)[1])
		if inside := path.Join(path.Dir(name), temporary) + "/"; !strings.HasPrefix(tok.runFolder(name), inside) || !strings.HasPrefix(tok.folder(name), inside) {
			t.Errorf("%s lies in %s", name, tok.folder(name))
		}
		sum := int64(0)
		for _, p := range tok.Pieces {
			if path.Base(p.Name) != p.Name || p.Size <= 0 {
				t.Errorf("%+v", p)
			}
			sum += p.Size
		}
		if sum != tok.Size {
			t.Errorf("%d, and not %d", tok.Size, sum)
		}
	})
}
