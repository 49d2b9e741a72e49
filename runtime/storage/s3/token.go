package s3

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"

	"weir/runtime/op"
)

// token says how an object is completed, gone on with or aborted after a crash: a line of JSON, and behind it the bytes that are not uploaded yet, fewer
// than a part has, and a CRC-32C of all that. So a checkpoint grows by at most a part for each object that is being written.
type token struct {
	Path   string `json:"path"`             // as the user wrote it
	Upload string `json:"upload,omitempty"` // the upload's id; "" where there are less bytes than a part has, and none
	Part   int64  `json:"part"`             // bytes of each part but the last
	Parts  []part `json:"parts,omitempty"`  // those that are uploaded, from number 1 on
	Size   int64  `json:"size"`             // of all
	CRC    uint32 `json:"crc32c"`           // of all
	New    bool   `json:"new,omitempty"`    // there may be no object of that name
	Tail   uint32 `json:"tail_crc32c"`      // of the bytes behind the line

	tail []byte
}

// part is what has become of a part. Some stores want both at the end.
type part struct {
	ETag string `json:"etag"`
	CRC  uint32 `json:"crc32c"`
}

// marshal writes the token.
func (t token) marshal() ([]byte, error) {
	line, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	data := append(append(line, '\n'), t.tail...)
	return binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli)), nil
}

// parseToken reads what marshal wrote; an orphan's token has an upload and nothing else that counts.
func parseToken(data []byte) (token, place, error) {
	var t token
	body := data[:max(len(data)-4, 0)]
	line, tail, _ := bytes.Cut(body, []byte{'\n'})
	err := json.Unmarshal(line, &t)
	p, bad := parseObject(t.Path)
	t.tail = tail
	switch n := int64(len(t.Parts)); {
	case err != nil:
	case len(data) < 4 || binary.LittleEndian.Uint32(data[len(body):]) != crc32.Checksum(body, castagnoli):
		err = errors.New("its checksum is wrong")
	case bad != nil:
		err = errors.New("it names no object")
	case t.Part < 1 || t.Part > MaxPartSize || n > MaxParts || t.Size < 0 || t.Size-n*t.Part != int64(len(tail)) || int64(len(tail)) > t.Part || n > 0 && t.Upload == "":
		err = errors.New("its parts do not make up its size")
	}
	if err != nil {
		return t, p, &op.Error{Code: codeUpload, Message: "what a checkpoint says of an object cannot be understood", Err: err, Hint: "the checkpoint is damaged: use the one before"}
	}
	return t, p, nil
}
