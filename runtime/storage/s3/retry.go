package s3

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// retryer tries again what may succeed then: throttling, failures of the store and of the network, and requests with credentials that have expired where there are
// others. Where the store throttles, all requests slow down together, and come back as it lets them. (The SDK's own adaptive mode counts requests a second and begins at one in
// two seconds, which is no measure for parts of megabytes.)
type retryer struct {
	*retry.Standard
	longest time.Duration

	mu    sync.Mutex
	delay time.Duration // before each attempt, on the average half of it
	since time.Time     // when it last grew
}

var _ aws.RetryerV2 = (*retryer)(nil)

func newRetryer(o Options, cache *aws.CredentialsCache) *retryer {
	return &retryer{longest: o.Backoff, Standard: retry.NewStandard(func(so *retry.StandardOptions) {
		so.MaxAttempts = o.Attempts
		so.RateLimiter = ratelimit.None // the number of attempts is bounded, and that is enough
		so.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return backoff(attempt, o.Backoff), nil })
		so.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			var cut *smithy.DeserializationError
			switch {
			case isExpired(apiCode(err)):
				return aws.BoolTernary(refreshed(err, cache))
			case errors.As(err, &cut) && isTransient(err):
				return aws.TrueTernary // an answer that breaks off
			}
			return aws.UnknownTernary
		})}, so.Retryables...)
	})}
}

// backoff is the pause after so many failed attempts: longer each time, and by chance, so that not all come back together.
func backoff(attempt int, longest time.Duration) time.Duration {
	d := min(longest, 50*time.Millisecond<<min(attempt, 16))
	return d/2 + rand.N(d/2+1)
}

// sleep waits, or gives the reason why the context has ended.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// GetAttemptToken implements aws.RetryerV2: it waits as long as the store wants, and hears how the attempt went.
func (r *retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	r.mu.Lock()
	d := r.delay
	r.mu.Unlock()
	if d > 0 {
		if err := sleep(ctx, rand.N(d)); err != nil {
			return nil, err
		}
	}
	return func(err error) error {
		r.heard(time.Now(), isThrottled(err), err == nil)
		return nil
	}, nil
}

// heard makes the delay longer where the store throttles, once for all requests that were under way, and shorter where it does not.
func (r *retryer) heard(now time.Time, throttled, ok bool) {
	const least = 20 * time.Millisecond
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case throttled && now.Sub(r.since) >= r.delay:
		r.delay, r.since = min(max(2*r.delay, least), r.longest), now
	case ok:
		if r.delay = r.delay * 7 / 8; r.delay < least/4 {
			r.delay = 0
		}
	}
}

func isThrottled(err error) bool {
	_, throttled := retry.DefaultThrottleErrorCodes[apiCode(err)]
	return throttled || statusOf(err) == http.StatusServiceUnavailable || statusOf(err) == http.StatusTooManyRequests
}

// refreshed reports whether there are other credentials than those of the request that has failed.
func refreshed(err error, cache *aws.CredentialsCache) bool {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.Response.Request == nil {
		return false
	}
	_, rest, _ := strings.Cut(answer.Response.Request.Header.Get("Authorization"), "Credential=")
	used, _, _ := strings.Cut(rest, "/")
	ctx, stop := context.WithTimeout(context.Background(), defaultStall)
	defer stop()
	now, err := cache.Retrieve(ctx)
	if err == nil && now.AccessKeyID == used {
		cache.Invalidate()
		now, err = cache.Retrieve(ctx)
	}
	return err == nil && now.AccessKeyID != used
}
