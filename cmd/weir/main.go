// Command weir checks, formats, plans, runs and tests pipelines written in .flow files.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes of the command line.
const (
	exitOK          = 0
	exitFindings    = 1   // findings, or failing tests
	exitUsage       = 2   // usage, configuration, environment
	exitRun         = 5   // a run failed on data or I/O
	exitBug         = 70  // a bug of Weir
	exitInterrupted = 130 // Ctrl-C
)

// exit ends the command with a code; what there was to say has been said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// cli is the command line: one field a command, each in its own file.
type cli struct {
	Check     checkCmd     `cmd:"" help:"Check pipelines: syntax, names, types, sense."`
	Fmt       fmtCmd       `cmd:"" help:"Format pipelines."`
	Test      testCmd      `cmd:"" help:"Run the tests in pipelines."`
	Plan      planCmd      `cmd:"" help:"Show what a run would do: a dry run."`
	Run       runCmd       `cmd:"" help:"Run a pipeline."`
	Explain   explainCmd   `cmd:"" help:"Explain a diagnostic's code."`
	Ops       opsCmd       `cmd:"" help:"The reference of operators, functions and aggregates."`
	Submit    submitCmd    `cmd:"" help:"Run a pipeline on a cluster, and do not wait for it."`
	Status    statusCmd    `cmd:"" help:"Show the runs on a cluster."`
	Logs      logsCmd      `cmd:"" help:"Show what the containers of a run on a cluster have said."`
	Scale     scaleCmd     `cmd:"" help:"Change the parallelism of a run that goes on on a cluster."`
	Savepoint savepointCmd `cmd:"" help:"Let a run that goes on keep its state in a folder of its own."`
	Cancel    cancelCmd    `cmd:"" help:"End a run on a cluster."`
	Resume    resumeCmd    `cmd:"" help:"Go on with a run on a cluster that has ended, or from a savepoint."`
	Cluster   clusterCmd   `cmd:"" help:"Look whether a cluster can be used, and what it has."`
	Storage   storageCmd   `cmd:"" help:"Look at files as runs see them, on this machine and in stores."`
	Worker    workerCmd    `cmd:"" hidden:"" help:"Run a task of a cluster, as its host says on standard input."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// env is what a command has to do with the world.
type env struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	args   []string // of the command
	stop   func()   // gives Ctrl-C its usual meaning back
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(&env{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, stop: stop}, os.Args[1:]))
}

// run is main without the process: it parses the arguments, runs the command and gives the exit code.
func run(e *env, args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			code = reportBug(e, fmt.Sprint(p), debug.Stack())
		}
	}()
	e.args = args
	var c cli
	parser, err := kong.New(&c, kong.Name("weir"), kong.Writers(e.stdout, e.stderr), kong.Bind(e),
		kong.Description("A small declarative dataflow language: check, plan and run pipelines of sequences and records."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.UsageOnError(),
		kong.Exit(func(code int) { panic(exit(code)) }))
	if err != nil {
		return reportBug(e, err.Error(), debug.Stack())
	}
	kctx, code, err := parse(parser, args)
	if kctx == nil {
		if err != nil {
			return usageError(e, args, err)
		}
		return code
	}
	err = kctx.Run(e)
	var x exit
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &x):
		return int(x)
	}
	fmt.Fprintf(e.stderr, "weir: %v\n", err)
	return exitUsage
}

// parse lets kong print help without ending the process.
func parse(parser *kong.Kong, args []string) (ctx *kong.Context, code int, err error) {
	defer func() {
		if p := recover(); p != nil {
			x, ok := p.(exit)
			if !ok {
				panic(p)
			}
			ctx, code, err = nil, int(x), nil
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err = parser.Parse(args)
	if err != nil {
		return nil, exitUsage, err
	}
	return ctx, exitOK, nil
}

// usageError says what is wrong with the command line: as a JSON document where JSON was asked for.
func usageError(e *env, args []string, err error) int {
	if wantsJSON(args) {
		writeFailure(e.stdout, "W6100", err.Error())
		return exitUsage
	}
	fmt.Fprintf(e.stderr, "weir: %v\n", err)
	fmt.Fprintln(e.stderr, "      weir --help lists the commands, weir COMMAND --help its flags")
	return exitUsage
}

// reportBug writes what is known of a bug into a file and says where it is.
func reportBug(e *env, what string, stack []byte) int {
	fmt.Fprintf(e.stderr, "weir: a bug of Weir: %s\n", what)
	f, err := os.CreateTemp("", "weir-bug-*.txt")
	if err != nil {
		fmt.Fprintf(e.stderr, "%s\n", stack)
		return exitBug
	}
	fmt.Fprintf(f, "weir %s\n%s\n\n%s\n", version(), what, stack)
	if err := f.Close(); err != nil {
		fmt.Fprintf(e.stderr, "%s\n", stack)
		return exitBug
	}
	fmt.Fprintf(e.stderr, "      please report it; a report without your data is in %s\n", f.Name())
	return exitBug
}
