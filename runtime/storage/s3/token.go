package s3

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/crc32"

	"weir/runtime/op"
)

// token says how an object is completed, gone on with or aborted after a crash: a line of JSON, and behind it the bytes that are not uploaded yet, fewer
// than a part has. So a checkpoint grows by at most a part for each object that is being written.
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
	t.Tail = crc32.Checksum(t.tail, castagnoli)
	line, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), t.tail...), nil
}

// parseToken reads what marshal wrote; an orphan's token has an upload and nothing else that counts.
func parseToken(data []byte) (token, place, error) {
	line, tail, _ := bytes.Cut(data, []byte{'\n'})
	var t token
	err := json.Unmarshal(line, &t)
	p, bad := parseObject(t.Path)
	t.tail = tail
	switch n := int64(len(t.Parts)); {
	case err != nil:
	case bad != nil:
		err = errors.New("it names no object")
	case t.Part < 1 || t.Part > MaxPartSize || n > MaxParts || t.Size < 0 || t.Size-n*t.Part != int64(len(tail)) || int64(len(tail)) > t.Part || n > 0 && t.Upload == "" ||
		t.Tail != crc32.Checksum(tail, castagnoli):
		err = errors.New("its parts do not make up its size")
	}
	if err != nil {
		return t, p, &op.Error{Code: codeUpload, Message: "what a checkpoint says of an object cannot be understood", Err: err, Hint: "the checkpoint is damaged: use the one before"}
	}
	return t, p, nil
}
