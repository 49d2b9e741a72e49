package hdfs

import (
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"weir/runtime/op"
)

// temporary is the folder beside a file's place where unfinished files lie. Hadoop's readers leave out what begins with _.
const temporary = "_tmp"

// token says how a file is committed, taken up again or aborted after a crash. Its segments lie in FOLDER/_tmp/RUN/NAME/, for FOLDER/NAME; a segment that
// is not in it does not count. It grows by some 70 bytes with every Prepare that has something new.
type token struct {
	Path   string  `json:"path"` // as the user wrote it
	Run    string  `json:"run"`  // random
	Pieces []piece `json:"pieces,omitempty"`
	Size   int64   `json:"size"`
	New    bool    `json:"new,omitempty"` // nothing may be in its place
}

var (
	runName   = regexp.MustCompile(`^[0-9a-f]{12}$`)
	pieceName = regexp.MustCompile(`^[0-9]{1,9}-[0-9a-f]{8}$`)
)

// parse reads a token. What it names below is in the file's own temporary folder, whatever a damaged checkpoint says.
func parse(data []byte) (t token, err error) {
	err = json.Unmarshal(data, &t)
	ok := err == nil && strings.HasPrefix(t.Path, "hdfs://") && !strings.HasSuffix(t.Path, "/") && runName.MatchString(t.Run)
	sum := int64(0)
	for _, p := range t.Pieces {
		ok = ok && pieceName.MatchString(p.Name) && p.Size > 0 && p.Size <= t.Size-sum
		sum += p.Size
	}
	if !ok || sum != t.Size {
		return token{}, &op.Error{Code: codeCommit, Message: "what a checkpoint says of a file cannot be understood", Err: err,
			Hint: "the checkpoint is damaged: use the one before"}
	}
	return t, nil
}

// runFolder is the folder of a run, for a file of that name.
func (t token) runFolder(name string) string { return path.Join(path.Dir(name), temporary, t.Run) }

// folder is where the segments lie.
func (t token) folder(name string) string { return path.Join(t.runFolder(name), path.Base(name)) }

// crc is the checksum of all pieces.
func (t *token) crc() uint32 {
	if len(t.Pieces) == 0 {
		return 0
	}
	return t.Pieces[len(t.Pieces)-1].CRC
}

// add appends a piece.
func (t *token) add(p piece) {
	t.Pieces = append(t.Pieces, p)
	t.Size += p.Size
}
