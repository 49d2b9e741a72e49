// Command hdfs compares how fast a file of HDFS is read and written by Weir's storage and by the client library that it uses, whose bytes are thrown
// away. One measurement of each follow each other and make a pair, and the ratio is the median of the pairs', so that what else the machine does hits
// both.
//
//	.ci/hdfs.sh with go run ./bench/storage/hdfs -size 512
//
// It ends with 1 where reading is slower than nine tenths of the library's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	lib "github.com/colinmarc/hdfs/v2"

	"weir/runtime/op"
	"weir/runtime/storage/hdfs"
)

const blockSize = 128 << 20

func main() {
	size := flag.Int64("size", 512, "of the file, in MiB")
	rounds := flag.Int("rounds", 9, "measurements of each")
	flag.Parse()
	if err := run(*size<<20, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "hdfs:", err)
		os.Exit(1)
	}
}

// bench is what is measured: the file is written and read by each of the two.
type bench struct {
	size   int64
	block  []byte
	client *lib.Client
	store  op.Storage
	root   string // hdfs://AUTHORITY
}

func run(size int64, rounds int) error {
	authority := os.Getenv("WEIR_TEST_HDFS")
	if authority == "" {
		return errors.New("no cluster: run it by .ci/hdfs.sh with")
	}
	if err := os.Setenv("HADOOP_USER_NAME", "weir"); err != nil {
		return err
	}
	client, err := lib.NewClient(lib.ClientOptions{Addresses: []string{authority}, User: "weir"})
	if err != nil {
		return err
	}
	b := &bench{size: size, block: make([]byte, 1<<20), client: client, store: hdfs.New(hdfs.Options{BlockSize: blockSize}), root: "hdfs://" + authority}
	for i := range b.block {
		b.block[i] = byte(i * i >> 3)
	}
	if err := errors.Join(b.writeLib(), b.writeWeir()); err != nil {
		return err
	}
	read, err := b.compare("read", rounds, b.readLib, b.readWeir)
	if err != nil {
		return err
	}
	if _, err := b.compare("write", rounds, b.writeLib, b.writeWeir); err != nil {
		return err
	}
	if err := errors.Join(client.Remove("/bench-lib"), client.Remove("/bench-weir")); err != nil {
		return err
	}
	if read < 0.9 {
		return fmt.Errorf("reading has %.2f of the library's rate", read)
	}
	return nil
}

// compare prints the rates, and gives the median of Weir's rate over the library's.
func (b *bench) compare(what string, rounds int, library, weir func() error) (float64, error) {
	var rates, cpu [2][]float64
	var ratios []float64
	for range rounds {
		for i, f := range []func() error{library, weir} {
			begin, used := time.Now(), cpuTime()
			if err := f(); err != nil {
				return 0, err
			}
			rates[i] = append(rates[i], float64(b.size)/1e6/time.Since(begin).Seconds())
			cpu[i] = append(cpu[i], (cpuTime()-used).Seconds()/(float64(b.size)/1e9))
		}
		ratios = append(ratios, rates[1][len(rates[1])-1]/rates[0][len(rates[0])-1])
	}
	ratio := median(ratios)
	fmt.Printf("%-5s  library %4.0f MB/s, weir %4.0f MB/s, ratio %.2f (%.2f to %.2f, %d pairs of %d MiB); CPU s/GB %.2f and %.2f\n", what,
		median(rates[0]), median(rates[1]), ratio, slices.Min(ratios), slices.Max(ratios), rounds, b.size>>20, median(cpu[0]), median(cpu[1]))
	return ratio, nil
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

func (b *bench) discard(r io.Reader) error {
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 256<<10))
	if err == nil && n != b.size {
		err = fmt.Errorf("%d bytes of %d", n, b.size)
	}
	return err
}

func (b *bench) readLib() error {
	f, err := b.client.Open("/bench-lib")
	if err != nil {
		return err
	}
	return errors.Join(b.discard(f), f.Close())
}

func (b *bench) readWeir() error {
	f, err := b.store.Open(context.Background(), b.root+"/bench-weir", "")
	if err != nil {
		return err
	}
	return errors.Join(b.discard(f), f.Close())
}

func (b *bench) fill(w io.Writer) error {
	for at := int64(0); at < b.size; at += int64(len(b.block)) {
		if _, err := w.Write(b.block); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) writeLib() error {
	if err := b.client.Remove("/bench-lib"); err != nil && !strings.Contains(err.Error(), "not exist") {
		return err
	}
	w, err := b.client.CreateFile("/bench-lib", 2, blockSize, 0o644)
	if err != nil {
		return err
	}
	if err := b.fill(w); err != nil {
		return err
	}
	for {
		if err = w.Close(); !lib.IsErrReplicating(err) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (b *bench) writeWeir() error {
	ctx := context.Background()
	f, err := b.store.Create(ctx, b.root+"/bench-weir", op.CreateOptions{Size: b.size})
	if err != nil {
		return err
	}
	if err := b.fill(f); err != nil {
		return errors.Join(err, f.Abort())
	}
	token, err := f.Prepare()
	if err != nil {
		return errors.Join(err, f.Abort())
	}
	return errors.Join(f.Close(), b.store.Commit(ctx, token))
}
