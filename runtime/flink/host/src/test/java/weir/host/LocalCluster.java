package weir.host;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * A cluster of Flink in one process, for tests that are written in Go. Commands come by standard input, one a line: {@code run JOBFILE [SAVEPOINT]} is answered by
 * {@code ended STATUS} and, in one line, the failure, when the job has ended; {@code stop FOLDER} takes a savepoint, answered by {@code stopped SAVEPOINT} or, where the job
 * ends by itself, {@code stopped -}.
 */
final class LocalCluster {
    private static JobID current;

    private LocalCluster() {}

    public static void main(String[] args) throws Exception {
        Configuration c = new Configuration();
        c.set(JobManagerOptions.SCHEDULER, JobManagerOptions.SchedulerType.Adaptive);
        c.set(JobManagerOptions.RESOURCE_STABILIZATION_TIMEOUT, Duration.ofMillis(50));
        c.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(3072));
        c.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(64));
        c.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(64));
        try (MiniCluster cluster = new MiniCluster(
                new MiniClusterConfiguration.Builder().setConfiguration(c).setNumTaskManagers(2).setNumSlotsPerTaskManager(2).withRandomPorts().build())) {
            cluster.start();
            System.out.println("ready");
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line; (line = in.readLine()) != null; ) {
                String[] words = line.split(" ");
                if (words[0].equals("run")) {
                    run(cluster, words[1], words.length > 2 ? words[2] : null);
                } else {
                    stop(cluster, words[1]);
                }
            }
        }
        System.exit(0);
    }

    private static void run(MiniCluster cluster, String path, String savepoint) throws Exception {
        Configuration c = new Configuration();
        c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(100));
        c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, new File(path).getAbsoluteFile().getParentFile().toURI() + "checkpoints");
        c.set(CheckpointingOptions.TOLERABLE_FAILURE_NUMBER, 100);
        c.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        c.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 50);
        c.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(20));
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(c);
        Main.build(env, JobFile.read(path));
        JobGraph graph = env.getStreamGraph().getJobGraph();
        if (savepoint != null) {
            graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(savepoint));
        }
        cluster.submitJob(graph).get();
        current = graph.getJobID();
        CompletableFuture.runAsync(() -> {
            String answer;
            try {
                var result = cluster.requestJobResult(graph.getJobID()).get();
                answer = result.getApplicationStatus() + result.getSerializedThrowable().map(e -> " " + e.getFullStringifiedStackTrace().replace('\n', '\t')).orElse("");
            } catch (InterruptedException | ExecutionException e) {
                answer = "UNKNOWN " + e;
            }
            System.out.println("ended " + answer);
        });
    }

    private static void stop(MiniCluster cluster, String folder) throws InterruptedException {
        String savepoint = "-";
        try {
            savepoint = cluster.stopWithSavepoint(current, new File(folder).toURI().toString(), false, SavepointFormatType.CANONICAL).get();
        } catch (ExecutionException e) {
            e.printStackTrace();
        }
        System.out.println("stopped " + savepoint);
    }
}
