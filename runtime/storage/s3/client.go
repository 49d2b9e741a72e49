package s3

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"weir/runtime/op"
)

// New gives the store that the options and the environment name. It makes no connection; an error is of the settings.
func New(o Options) (*Store, error) {
	o.PartSize, o.ReadAhead = cmp.Or(o.PartSize, DefaultPartSize), cmp.Or(o.ReadAhead, DefaultReadAhead)
	o.Stall, o.Backoff = cmp.Or(o.Stall, defaultStall), cmp.Or(o.Backoff, defaultBackoff)
	if u, err := url.Parse(o.Endpoint); err != nil || o.Endpoint != "" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil) {
		return nil, &op.Error{Code: codeSettings, Message: "the endpoint of S3 is no URL such as http://127.0.0.1:9000",
			Hint: "write scheme, host and port only; who one is stands in a profile or in the AWS_* environment"}
	}
	ctx := context.Background() // reads files only
	secrets := &provider{options: o}
	cache := aws.NewCredentialsCache(secrets)
	cfg, err := o.config(ctx)
	if err != nil {
		return nil, err
	}
	if o.Attempts = cmp.Or(o.Attempts, cfg.RetryMaxAttempts, defaultAttempts); o.Attempts < 1 {
		o.Attempts = 1
	}
	cfg.Retryer = func() aws.Retryer { return newRetryer(o, cache) }
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // answers for all buckets which region they are in
	}
	cfg.Credentials = cache
	if o.Anonymous {
		cfg.Credentials = aws.AnonymousCredentials{}
	}
	cfg.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired // of ranges there are none: whole objects are compared here
	s := &Store{o: o, buckets: map[string]*bucket{}, probed: map[string]bool{},
		checksums: cfg.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired}
	s.client = s3.NewFromConfig(cfg, func(so *s3.Options) {
		if o.Endpoint != "" {
			so.BaseEndpoint = &o.Endpoint
		}
		if o.transport != nil {
			so.HTTPClient = &http.Client{Transport: o.transport}
		}
		so.UsePathStyle = so.BaseEndpoint != nil && isAddress(*so.BaseEndpoint)
		if o.PathStyle != nil {
			so.UsePathStyle = *o.PathStyle
		}
	})
	s.discover = s.client.Options().BaseEndpoint == nil
	return s, nil
}

// config reads the environment and the files of AWS.
func (o Options) config(ctx context.Context, more ...func(*config.LoadOptions) error) (aws.Config, error) {
	load := append([]func(*config.LoadOptions) error{config.WithHTTPClient(o.http()), config.WithLogger(logging.Nop{})}, more...)
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	var none config.SharedConfigProfileNotExistError
	if errors.As(err, &none) {
		return cfg, &op.Error{Code: codeSettings, Message: "there is no profile of AWS with the name " + none.Profile,
			Hint: "`aws configure list-profiles` shows those of ~/.aws/config"}
	} else if err != nil {
		return cfg, &op.Error{Code: codeSettings, Message: "the settings of AWS cannot be read", Err: cause(err), Hint: "look at AWS_* in the environment and at ~/.aws/config"}
	}
	return cfg, nil
}

// provider finds credentials anew whenever it is asked, so that files that were rewritten in the meantime count.
type provider struct{ options Options }

// noCredentials wraps the error where none are found.
type noCredentials struct{ err error }

func (e *noCredentials) Error() string { return e.err.Error() }
func (e *noCredentials) Unwrap() error { return e.err }

func (p *provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	cfg, err := p.options.config(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	from := cfg.Credentials
	if p.options.Role != "" {
		if cfg.Region == "" {
			cfg.Region = "us-east-1"
		}
		from = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), p.options.Role, func(r *stscreds.AssumeRoleOptions) { r.RoleSessionName = "weir" })
	}
	if from == nil {
		return aws.Credentials{}, &noCredentials{errors.New("there are none")}
	}
	found, err := from.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &noCredentials{err}
	}
	return found, err
}

// isAddress reports whether the host of a URL is an IP address or a name without a dot, under which there are no names of buckets.
func isAddress(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return net.ParseIP(host) != nil || !strings.Contains(host, ".")
}

// http gives a client whose connections fail where nothing comes for a while.
func (o Options) http() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		dialer := &net.Dialer{Timeout: o.Stall, KeepAlive: awshttp.DefaultDialKeepAliveTimeout}
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &conn{c, o.Stall}, nil
		}
		t.ForceAttemptHTTP2 = false // one connection a request, so that one that stalls holds up no other
		t.MaxIdleConnsPerHost = 64
		t.MaxIdleConns = 256
	})
}

// conn is a connection on which a read or a write fails that does not come on for a while. A write gives the answer its time too.
type conn struct {
	net.Conn
	stall time.Duration
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
