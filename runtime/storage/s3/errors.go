package s3

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"weir/runtime/op"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeCreate      = "W6202" // a file cannot be created
	codeWrite       = "W6203" // a file cannot be written
	codePattern     = "W6206" // a pattern that is not one
	codeChanged     = "W6255" // another version than the one that was asked for
	codeMissing     = "W6261" // no such bucket, or object
	codeDenied      = "W6262" // access is denied
	codeCredentials = "W6263" // credentials are missing, wrong or expired
	codeRegion      = "W6264" // a bucket of another region
	codeUnavailable = "W6265" // the store cannot be reached, or fails
	codeRefused     = "W6266" // the store does not do what is asked of it
	codeUpload      = "W6267" // an upload that cannot be gone on with or completed
	codeSettings    = "W6268" // settings or a path that make no sense
	codeDamaged     = "W6269" // other bytes than were written
)

// failure is the cause of an error, in the words of the store and without what only the SDK wants to know.
type failure struct {
	text      string
	code      string // of the store's answer, "" where there was none
	status    int    // of HTTP, 0 where there was no answer
	transient bool   // the network is at fault
	is        error  // what errors.Is finds; may be nil
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.is }

// failed makes the error of an operation of S3's API on a place.
func failed(ctx context.Context, operation string, p place, err error) error {
	var known *op.Error
	if errors.As(err, &known) {
		if known.File == "" {
			named := *known
			named.File = p.path
			return &named
		}
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	why := cause(err)
	e := &op.Error{File: p.path, Err: why}
	code, status := why.code, why.status
	var none *noCredentials
	switch {
	case errors.As(err, &none):
		e.Code, e.Message = codeCredentials, "there are no credentials for S3"
		e.Hint = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with `aws sso login`; a public bucket needs `anonymous: true` in weir.yaml"
	case code == "NoSuchBucket":
		e.Code, e.Message, why.is = codeMissing, "there is no such bucket", fs.ErrNotExist
		e.Hint = "check the bucket's name, and the endpoint if it is not on AWS"
	case code == "NoSuchUpload":
		e.Code, e.Message = codeUpload, "the upload is gone"
		e.Hint = "it was aborted, by hand or by a rule of the bucket: start the run anew"
	case code == "InvalidPart", code == "InvalidPartOrder":
		e.Code, e.Message = codeUpload, "a part of the upload is not the one that was written"
		e.Hint = "another process has gone on with the same run: start it anew, once"
	case code == "EntityTooSmall":
		e.Code, e.Message = codeUpload, "a part is smaller than the store takes"
		e.Hint = "set a larger part_size in weir.yaml"
	case code == "BadDigest", code == "XAmzContentSHA256Mismatch", code == "XAmzContentChecksumMismatch", code == "InvalidDigest":
		e.Code, e.Message = codeDamaged, "the store has received other bytes than were sent"
		e.Hint = "run again; if it happens again suspect a proxy on the way, or this machine's memory"
	case isMissingKey(err):
		e.Code, e.Message, why.is = codeMissing, "there is no such object", fs.ErrNotExist
		e.Hint = "check the path; `weir storage ls` shows what a folder has"
	case isExpired(code):
		e.Code, e.Message = codeCredentials, "the credentials have expired"
		e.Hint = "log in again, and resume the run"
	case code == "InvalidAccessKeyId", code == "SignatureDoesNotMatch", code == "InvalidToken", code == "InvalidClientTokenId", code == "AuthFailure",
		code == "UnrecognizedClientException":
		e.Code, e.Message = codeCredentials, "the store does not accept the credentials"
		e.Hint = "look at AWS_PROFILE and AWS_ACCESS_KEY_ID, and whether they belong to this endpoint"
	case code == "RequestTimeTooSkewed":
		e.Code, e.Message, e.Hint = codeCredentials, "this machine's clock is wrong", "set the clock"
	case status == http.StatusMovedPermanently, status == http.StatusTemporaryRedirect, code == "AuthorizationHeaderMalformed", code == "PermanentRedirect",
		code == "IllegalLocationConstraintException":
		e.Code, e.Message = codeRegion, "the bucket is in another region"
		e.Hint = "set its region: `region` in weir.yaml, or AWS_REGION"
	case code == "InvalidObjectState":
		e.Code, e.Message = codeRefused, "the object is in an archive"
		e.Hint = "restore it first: `aws s3api restore-object`"
	case code == "MethodNotAllowed", code == "NotImplemented", status == http.StatusNotImplemented:
		e.Code, e.Message, e.Hint = codeRefused, "the store does not know this kind of request", "use another store"
	case status == http.StatusForbidden:
		e.Code, e.Message = codeDenied, "access is denied"
		e.Hint = "the credentials need the permission " + permission[operation] + " here; for an object under a KMS key that of the key too"
		why.is = fs.ErrPermission
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, isTransient(err):
		e.Code, e.Message = codeUnavailable, "the store fails, or cannot be reached; it was tried several times"
		e.Hint = "look at the endpoint and at the network, and run again"
	default:
		e.Code, e.Message, e.Hint = codeRefused, "the store refuses", "the cause is the store's own words"
	}
	e.Message += " (" + operation + ")"
	return e
}

// permission names what AWS calls the permission for an operation, where that is something else.
var permission = map[string]string{
	"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject", "ListObjectsV2": "s3:ListBucket", "HeadBucket": "s3:ListBucket", "PutObject": "s3:PutObject",
	"CreateMultipartUpload": "s3:PutObject", "UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject", "ListParts": "s3:ListMultipartUploadParts",
	"AbortMultipartUpload": "s3:AbortMultipartUpload", "ListMultipartUploads": "s3:ListBucketMultipartUploads", "DeleteObject": "s3:DeleteObject",
}

// cause tells what is behind an error, in one line. An answer of the store has its code and words; a request that failed on its way has the network's.
func cause(err error) *failure {
	f := &failure{code: apiCode(err), status: statusOf(err), transient: isTransient(err)}
	var api smithy.APIError
	var none *noCredentials
	var sent *url.Error
	var network *net.OpError
	switch {
	case errors.As(err, &none):
		f.text = innermost(none.err)
	case errors.As(err, &api):
		f.text = api.ErrorCode()
		if m := api.ErrorMessage(); m != "" && m != f.text {
			f.text += ": " + m
		}
		var answer *awshttp.ResponseError
		if errors.As(err, &answer) && answer.ServiceRequestID() != "" {
			f.text += " (request " + answer.ServiceRequestID() + ")"
		}
	case errors.As(err, &network):
		f.text = network.Error()
	case errors.As(err, &sent): // without the URL, which the path says better
		f.text = sent.Err.Error()
	default:
		f.text = innermost(err)
	}
	f.text = oneLine(f.text)
	return f
}

// innermost gives the text of the first error of a chain.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// oneLine bounds text that comes from outside.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + " …"
	}
	return s
}

func apiCode(err error) string {
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func statusOf(err error) int {
	var f *failure
	if errors.As(err, &f) {
		return f.status
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

func isMissingKey(err error) bool {
	code := apiCode(err)
	return code == "NoSuchKey" || code == "NotFound" || statusOf(err) == http.StatusNotFound && code != "NoSuchUpload" && code != "NoSuchBucket"
}

func isExpired(code string) bool {
	return code == "ExpiredToken" || code == "ExpiredTokenException" || code == "TokenRefreshRequired"
}

// isTransient reports whether the network is at fault.
func isTransient(err error) bool {
	var f *failure
	if errors.As(err, &f) {
		return f.transient
	}
	var network net.Error
	var sent *smithyhttp.RequestSendError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network) || errors.As(err, &sent) || errors.Is(err, io.EOF) ||
		err != nil && strings.Contains(err.Error(), "connection reset")
}

// existing is the error for an object that must not be there.
func existing(p place) error {
	return &op.Error{Code: codeCreate, File: p.path, Message: "the object must not be there", Err: fs.ErrExist, Hint: "remove the object if it is not wanted, or name another one"}
}

// changed is the error for another version than the one that was asked for.
func changed(p place) error {
	return &op.Error{Code: codeChanged, File: p.path, Message: "the object was read before, and has changed since", Err: op.ErrChanged,
		Hint: "run again, from the beginning, when nothing writes to it"}
}

// formatCRC writes a CRC-32C as S3 does: base64, big end first.
func formatCRC(crc uint32) *string {
	return aws.String(base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc)))
}

func parseCRC(s *string) (uint32, bool) {
	b, err := base64.StdEncoding.DecodeString(aws.ToString(s))
	if err != nil || len(b) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(b), true
}

// notRange is the error for an answer that is not of the range that was asked for.
func notRange(p place, want string, got *string) error {
	return &op.Error{Code: codeRefused, File: p.path, Message: fmt.Sprintf("the store does not give ranges of objects: asked for %s, got %q (GetObject)", want, aws.ToString(got)),
		Hint: "use another store, or look for a proxy on the way"}
}
