// Command s3read compares how fast an object of S3 is read by Weir's storage and by the SDK's own parallel download, whose bytes are thrown away, each
// with its defaults. Each measurement is a process of its own; one of the SDK and one of Weir follow each other and make a pair, and the ratio is the
// median of the pairs', so that what else the machine does hits both.
//
//	WITH_MINIO=1 .ci/services.sh run go run ./bench/storage/s3read -size 2048
//
// reads from WEIR_TEST_MINIO, or from WEIR_TEST_S3 where there is no such server. It ends with 1 where Weir is slower than nine tenths of the SDK, or takes more than
// three times its read-ahead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/runtime/op"
	"weir/runtime/storage/s3"
)

const bucket = "weir-bench"

func main() {
	size := flag.Int64("size", 2048, "of the object, in MiB")
	rounds := flag.Int("rounds", 15, "measurements of each")
	ahead := flag.Int64("ahead", s3.DefaultReadAhead>>20, "Weir's read-ahead, in MiB")
	one := flag.String("one", "", "measure one reader in this process: weir or sdk")
	flag.Parse()
	if err := run(*size<<20, *ahead<<20, *rounds, *one); err != nil {
		fmt.Fprintln(os.Stderr, "s3read:", err)
		os.Exit(1)
	}
}

func run(size, ahead int64, rounds int, one string) error {
	url, key, secret := os.Getenv("WEIR_TEST_MINIO"), os.Getenv("WEIR_TEST_MINIO_KEY"), os.Getenv("WEIR_TEST_MINIO_SECRET")
	if url == "" {
		url, key, secret = os.Getenv("WEIR_TEST_S3"), "test", "test"
	}
	if url == "" {
		return errors.New("no server: run it by .ci/services.sh")
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": ""} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"), config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key, secret, "")))
	if err != nil {
		return err
	}
	client := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.BaseEndpoint, o.UsePathStyle = &url, true
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	store, err := s3.New(s3.Options{Endpoint: url, ReadAhead: ahead})
	if err != nil {
		return err
	}
	object := fmt.Sprintf("object-%d", size)
	switch one {
	case "weir":
		return measure(size, func() (int64, error) { return readWeir(ctx, store, object) })
	case "sdk":
		return measure(size, func() (int64, error) { return readSDK(ctx, client, object) })
	}
	if err := prepare(ctx, client, store, object, size); err != nil {
		return err
	}
	figures := map[string][]figure{}
	order := []string{"sdk", "weir"}
	for range rounds {
		slices.Reverse(order) // neither always comes second
		for _, name := range order {
			f, err := child(name, size, ahead)
			if err != nil {
				return err
			}
			figures[name] = append(figures[name], f)
		}
	}
	return report(figures, size, ahead)
}

// prepare makes the object.
func prepare(ctx context.Context, client *sdk.Client, store op.Storage, object string, size int64) error {
	var owned *types.BucketAlreadyOwnedByYou
	if _, err := client.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil && !errors.As(err, &owned) {
		return err
	}
	out, err := store.Create(ctx, "s3://"+bucket+"/"+object, op.CreateOptions{Size: size})
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * i >> 3)
	}
	for at := int64(0); at < size; at += int64(len(block)) {
		if _, err := out.Write(block); err != nil {
			return err
		}
	}
	token, err := out.Prepare()
	if err != nil {
		return err
	}
	return errors.Join(out.Close(), store.Commit(ctx, token))
}

func readWeir(ctx context.Context, store op.Storage, object string) (int64, error) {
	in, err := store.Open(ctx, "s3://"+bucket+"/"+object, "")
	if err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{in}, make([]byte, 256<<10)) // as a source of rows reads
	return n, errors.Join(err, in.Close())
}

// nowhere takes bytes at any place.
type nowhere struct{}

func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

func readSDK(ctx context.Context, client *sdk.Client, object string) (int64, error) {
	manager := transfermanager.New(client)
	out, err := manager.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: aws.String(bucket), Key: &object, WriterAt: nowhere{}})
	if err != nil {
		return 0, err
	}
	return aws.ToInt64(out.ContentLength), nil
}

// figure is one measurement.
type figure struct {
	seconds, cpu float64
	rss          float64 // MiB
}

// measure prints a measurement for child.
func measure(size int64, read func() (int64, error)) error {
	begin := time.Now()
	n, err := read()
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%d bytes of %d", n, size)
	}
	seconds := time.Since(begin).Seconds()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return err
	}
	cpu := time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
	_, err = fmt.Printf("%g %g %g\n", seconds, cpu, float64(u.Maxrss)/1024)
	return err
}

func child(name string, size, ahead int64) (f figure, err error) {
	cmd := exec.Command(os.Args[0], "-one", name, "-size", fmt.Sprint(size>>20), "-ahead", fmt.Sprint(ahead>>20))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		_, err = fmt.Sscan(strings.TrimSpace(string(out)), &f.seconds, &f.cpu, &f.rss)
	}
	return f, err
}

func report(figures map[string][]figure, size, ahead int64) error {
	median := func(all []float64) float64 {
		slices.Sort(all)
		return all[len(all)/2]
	}
	each := func(name string, of func(figure) float64) []float64 {
		var all []float64
		for _, f := range figures[name] {
			all = append(all, of(f))
		}
		return all
	}
	for _, name := range []string{"sdk", "weir"} {
		s := median(each(name, func(f figure) float64 { return f.seconds }))
		fmt.Printf("%-5s %7.0f MB/s  %6.2f s  %6.2f CPU s  %5.0f MiB\n", name, float64(size)/1e6/s, s,
			median(each(name, func(f figure) float64 { return f.cpu })), slices.Max(each(name, func(f figure) float64 { return f.rss })))
	}
	var ratios []float64
	for i, f := range figures["sdk"] {
		ratios = append(ratios, f.seconds/figures["weir"][i].seconds)
	}
	ratio, rss := median(ratios), slices.Max(each("weir", func(f figure) float64 { return f.rss }))
	fmt.Printf("weir has %.2f of the SDK's speed\n", ratio)
	if ratio < 0.9 || rss > float64(3*ahead>>20) {
		return errors.New("a bar is missed: 0.90 of the SDK's speed, three times the read-ahead in memory")
	}
	return nil
}
