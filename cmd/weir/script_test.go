package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the expected output of the scripts anew")

// The scripts run this binary as the command weir.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": main})
}

func TestScripts(t *testing.T) {
	pipelines, err := filepath.Abs("../../pipelines")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"bucket": func(ts *testscript.TestScript, _ bool, _ []string) { // bucket makes $BUCKET
				put, err := http.NewRequest(http.MethodPut, ts.Getenv("AWS_ENDPOINT_URL_S3")+"/"+ts.Getenv("BUCKET"), nil)
				ts.Check(err)
				answer, err := http.DefaultClient.Do(put)
				ts.Check(err)
				ts.Check(answer.Body.Close())
			},
		},
		UpdateScripts: *update,
		Condition: func(name string) (bool, error) {
			switch name {
			case "s3": // .ci/services.sh has started a server
				return os.Getenv("WEIR_TEST_S3") != "", nil
			case "hdfs": // .ci/hdfs.sh has
				return os.Getenv("WEIR_TEST_HDFS") != "", nil
			case "yarn": // .ci/cluster.sh has
				return os.Getenv("WEIR_TEST_YARN") != "", nil
			}
			return false, fmt.Errorf("no condition is called %s", name)
		},
		Setup: func(e *testscript.Env) error {
			// Scripts work on copies, so that they cannot leave anything in the tree.
			e.Setenv("PIPELINES", pipelines)
			e.Setenv("NO_COLOR", "1")
			for name, value := range map[string]string{
				"AWS_ENDPOINT_URL_S3": os.Getenv("WEIR_TEST_S3"), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secretCANARY",
				"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
				"BUCKET": fmt.Sprintf("script-%d-%d", os.Getpid(), time.Now().UnixNano()),
				"HDFS":   fmt.Sprintf("hdfs://%s/script-%d-%d", os.Getenv("WEIR_TEST_HDFS"), os.Getpid(), time.Now().UnixNano()), "HADOOP_USER_NAME": "weir",
			} {
				e.Setenv(name, value)
			}
			for _, name := range []string{"FLINK_HOME", "HADOOP_CONF_DIR", "HADOOP_CLASSPATH", "JAVA_HOME", "WEIR_TEST_ZK"} {
				e.Setenv(name, os.Getenv(name))
			}
			to := filepath.Join(e.WorkDir, "pipelines")
			if err := os.CopyFS(to, os.DirFS(pipelines)); err != nil {
				return err
			}
			// What someone's runs have left in the tree is not part of a script's world.
			for _, pattern := range []string{"*.tsv", "*.jsonl", ".*.part-*"} {
				left, err := filepath.Glob(filepath.Join(to, pattern))
				if err != nil {
					return err
				}
				for _, name := range left {
					if err := os.Remove(name); err != nil {
						return err
					}
				}
			}
			return nil
		},
	})
}
