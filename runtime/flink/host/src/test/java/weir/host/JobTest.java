package weir.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.clusterframework.ApplicationStatus;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs in a cluster of Flink within this process, with fake workers as processes: gen → count → write. */
@Timeout(600)
class JobTest {
    private static final String COUNT = "\"splits\": 60, \"rows\": 50, \"keys\": 100, \"marks\": true";
    private static final long PER_KEY = 60 * 50 / 100;

    private static MiniCluster cluster;

    @TempDir private Path folder;

    @BeforeAll
    static void start() throws Exception {
        Configuration c = new Configuration();
        c.set(JobManagerOptions.SCHEDULER, JobManagerOptions.SchedulerType.Adaptive);
        c.set(JobManagerOptions.RESOURCE_STABILIZATION_TIMEOUT, Duration.ofMillis(100));
        c.set(JobManagerOptions.SCHEDULER_SCALING_INTERVAL_MIN, Duration.ofMillis(100));
        c.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(1024));
        c.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(32));
        c.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(32));
        cluster = new MiniCluster(
                new MiniClusterConfiguration.Builder().setConfiguration(c).setNumTaskManagers(2).setNumSlotsPerTaskManager(2).withRandomPorts().build());
        cluster.start();
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
    }

    @AfterEach
    void noProcessIsLeft() throws Exception {
        until(() -> StageOperatorTest.processes().isEmpty());
    }

    private static void until(Callable<Boolean> condition) throws Exception {
        while (!condition.call()) {
            Thread.sleep(20);
        }
    }

    private String gate() {
        return ", \"gate\": \"" + folder.resolve("gate") + "\"";
    }

    /** Lets the second half of the splits come. */
    private void openGate() throws IOException {
        Files.createFile(folder.resolve("gate"));
    }

    private JobID submit(String settings, int parallelism, String savepoint) throws Exception {
        Configuration c = new Configuration();
        c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(200));
        c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, folder.resolve("checkpoints").toUri().toString());
        c.set(CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION, ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        c.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        c.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
        c.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(50));
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(c);
        Main.build(env, Jobs.job(Jobs.fake(), folder, "{" + settings + "}", parallelism));
        JobGraph graph = env.getStreamGraph().getJobGraph();
        if (savepoint != null) {
            graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(savepoint));
        }
        cluster.submitJob(graph).get();
        return graph.getJobID();
    }

    private static JobResult result(JobID job) throws Exception {
        return cluster.requestJobResult(job).get();
    }

    /** The job ends, and every key was counted once. */
    private JobResult exact(JobID job) throws Exception {
        JobResult result = result(job);
        if (result.getSerializedThrowable().isPresent()) {
            throw new AssertionError(result.getSerializedThrowable().get());
        }
        List<String> lines = new ArrayList<>();
        for (Path file : files("committed-")) {
            lines.addAll(Files.readAllLines(file));
        }
        List<String> want = Stream.iterate(0, i -> i + 1).limit(100).map(i -> i + " " + PER_KEY).sorted().collect(Collectors.toList());
        assertEquals(want, lines.stream().sorted().collect(Collectors.toList()));
        return result;
    }

    private List<Path> files(String prefix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().startsWith(prefix)).collect(Collectors.toList());
        }
    }

    /** Checkpoints that were completed and not subsumed; newest last. */
    private boolean hasCheckpoint() throws IOException {
        Path all = folder.resolve("checkpoints");
        if (!Files.exists(all)) {
            return false;
        }
        try (Stream<Path> files = Files.walk(all)) {
            return files.anyMatch(f -> f.getFileName().toString().equals("_metadata"));
        }
    }

    private static JsonNode rest(String method, String path, JsonNode body) throws Exception {
        HttpRequest.BodyPublisher publisher =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(JobFile.JSON.writeValueAsString(body));
        URI uri = cluster.getRestAddress().get().resolve(path);
        HttpResponse<String> answer =
                HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).method(method, publisher).build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(2, answer.statusCode() / 100, answer::body);
        return JobFile.JSON.readTree(answer.body());
    }

    private static boolean ended(JobID job) throws Exception {
        return cluster.getJobStatus(job).get().isGloballyTerminalState();
    }

    /** Every subtask runs. */
    private static boolean running(JobID job) throws Exception {
        for (JsonNode vertex : rest("GET", "/jobs/" + job, null).path("vertices")) {
            if (vertex.path("tasks").path("RUNNING").asInt() < vertex.path("parallelism").asInt()) {
                return false;
            }
        }
        return true;
    }

    @Test
    void everythingIsCountedOnce() throws Exception {
        JobID job = submit(COUNT + ", \"memory\": 1", 2, null);
        JobResult result = exact(job);
        long share = (512L << 20) / 3; // of a slot's managed memory, in which there are three stages
        for (Path file : files("memory-")) {
            String[] numbers = Files.readString(file).split(" ");
            assertEquals(share / 1e6, Long.parseLong(numbers[0]) / 1e6, 1);
            assertEquals(share * 0.9 / 1e6, Long.parseLong(numbers[1]) / 1e6, 1);
        }
        assertEquals(3, files("memory-").size());
        var rows = result.getAccumulatorResults().get("weir.2.rows_in").deserializeValue(getClass().getClassLoader()).getUnchecked();
        assertEquals(60L * 50, rows);
        List<String> names = new ArrayList<>();
        rest("GET", "/jobs/" + job, null).path("vertices").forEach(v -> names.add(v.path("name").asText()));
        assertEquals(List.of("Source: splits of stage 0 -> stage 0: gen", "stage 1: count", "stage 2: write"), names);
    }

    @Test
    void workersAreKilled() throws Exception {
        JobID job = submit(COUNT + gate(), 2, null);
        until(this::hasCheckpoint);
        Random random = new Random(1);
        for (int i = 0; i < 4; i++) {
            if (i < 3) {
                until(() -> running(job));
            } else { // at its end, when all are not there any more
                openGate();
                Thread.sleep(random.nextInt(300));
            }
            List<ProcessHandle> workers = ProcessHandle.current().children().collect(Collectors.toList());
            if (!workers.isEmpty()) {
                workers.get(random.nextInt(workers.size())).destroyForcibly();
            }
        }
        exact(job);
    }

    @Test
    void aTaskManagerIsLost() throws Exception {
        JobID job = submit(COUNT + gate(), 3, null);
        until(this::hasCheckpoint);
        cluster.terminateTaskManager(0).get();
        cluster.startTaskManager();
        openGate();
        exact(job);
    }

    @Test
    void stoppedAndResumedAtAnotherParallelism() throws Exception {
        String savepoint = null;
        for (int parallelism : new int[] {1, 3}) {
            JobID job = submit(COUNT + gate(), parallelism, savepoint);
            until(() -> running(job));
            until(this::hasCheckpoint);
            savepoint = cluster.stopWithSavepoint(job, folder.resolve("savepoints").toUri().toString(), false, SavepointFormatType.CANONICAL).get();
            assertEquals(ApplicationStatus.SUCCEEDED, result(job).getApplicationStatus());
            assertEquals(List.of(), files("committed-")); // it was stopped before its end
        }
        openGate();
        exact(submit(COUNT + gate(), 2, savepoint));
    }

    @Test
    void scaledWhileItRuns() throws Exception {
        JobID job = submit(COUNT + gate(), 1, null);
        for (int parallelism : new int[] {3, 2}) {
            until(() -> running(job));
            until(this::hasCheckpoint);
            ObjectNode requirements = (ObjectNode) rest("GET", "/jobs/" + job + "/resource-requirements", null);
            List<String> scaled = new ArrayList<>();
            for (JsonNode vertex : rest("GET", "/jobs/" + job, null).path("vertices")) {
                if (!vertex.path("name").asText().contains("write")) {
                    scaled.add(vertex.path("id").asText());
                }
            }
            assertEquals(2, scaled.size());
            for (Iterator<String> ids = scaled.iterator(); ids.hasNext(); ) {
                ((ObjectNode) requirements.path(ids.next()).path("parallelism")).put("upperBound", parallelism);
            }
            rest("PUT", "/jobs/" + job + "/resource-requirements", requirements);
            until(() -> {
                JsonNode vertices = rest("GET", "/jobs/" + job, null).path("vertices");
                return vertices.get(0).path("parallelism").asInt() == parallelism && running(job);
            });
        }
        openGate();
        exact(job);
    }

    @Test
    void aBadRowEndsTheJob() throws Exception {
        for (int stage = 0; stage < 3; stage++) {
            String at = stage == 0 ? "split" : "data";
            JobID job = submit(COUNT + ", \"tricks\": [{\"at\": \"" + at + "\", \"stage\": " + stage + ", \"do\": \"fail\"}]", 1, null);
            JobResult result = result(job);
            assertEquals(ApplicationStatus.FAILED, result.getApplicationStatus());
            String trace = result.getSerializedThrowable().orElseThrow().getFullStringifiedStackTrace();
            assertTrue(trace.contains("the worker of stage " + stage + ", task 0 has failed: weir-failure:{\"code\": \"W6201\""), trace);
            JsonNode exceptions = rest("GET", "/jobs/" + job + "/exceptions", null);
            assertTrue(exceptions.toString().contains("weir-failure:"), exceptions::toString);
        }
    }

    @Test
    void splitsThatCannotBeListedEndTheJob() throws Exception {
        JobResult result = result(submit(COUNT + ", \"tricks\": [{\"at\": \"split 7\", \"stage\": 0, \"do\": \"fail\"}]", 1, null));
        assertEquals(ApplicationStatus.FAILED, result.getApplicationStatus());
        String trace = result.getSerializedThrowable().orElseThrow().getFullStringifiedStackTrace();
        assertTrue(trace.contains("the worker that lists the splits of stage 0 has failed: weir-failure:{\"code\": \"W6201\""), trace);
    }

    /** The one who lists dies when half of the splits were given and are in a checkpoint: its successor goes on behind them. */
    @Test
    void listingGoesOnAfterAFailure() throws Exception {
        for (String marks : List.of("true", "false")) {
            Path read = folder.resolve("read-" + marks);
            Path once = folder.resolve("once-" + marks);
            JobID job = submit(COUNT.replace("\"marks\": true", "\"marks\": " + marks) + gate() + ", \"tricks\": ["
                    + "{\"at\": \"read 29\", \"stage\": 0, \"do\": \"nothing\", \"once\": \"" + read + "\"},"
                    + "{\"at\": \"split 50\", \"stage\": 0, \"do\": \"die\", \"once\": \"" + once + "\"}]", 1, null);
            until(() -> Files.exists(read));
            cluster.triggerCheckpoint(job).get();
            openGate();
            exact(job);
            assertTrue(Files.exists(once));
            Files.delete(folder.resolve("gate"));
            for (Path file : files("committed-")) {
                Files.delete(file);
            }
        }
    }

    /** Cancelled wherever its workers hang: the job ends, and no process is left. */
    @Test
    void cancelled() throws Exception {
        for (String at : List.of("0 open", "0 split 3", "1 start", "1 data", "1 barrier", "2 commit", "1 drain")) {
            String stage = at.substring(0, 1);
            Path once = folder.resolve(at);
            JobID job = submit(COUNT + ", \"tricks\": [{\"at\": \"" + at.substring(2) + "\", \"stage\": " + stage + ", \"do\": \"hang\", \"once\": \"" + once + "\"}]", 1, null);
            until(() -> Files.exists(once));
            cluster.cancelJob(job).get();
            assertEquals(ApplicationStatus.CANCELED, result(job).getApplicationStatus(), at);
        }
    }

    /** A worker that does not read any more, while its host writes. */
    @Test
    void cancelledInAWrite() throws Exception {
        JobID job = submit(COUNT.replace("\"rows\": 50", "\"rows\": 5000") + ", \"tricks\": [{\"at\": \"data\", \"stage\": 1, \"do\": \"hang\", \"once\": \"" + folder.resolve("once") + "\"}]", 1, null);
        until(() -> Files.exists(folder.resolve("once")));
        Thread.sleep(500);
        cluster.cancelJob(job).get();
        assertEquals(ApplicationStatus.CANCELED, result(job).getApplicationStatus());
    }

    @Test
    void checkpointsMustBeOn() {
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(new Configuration());
        var e = org.junit.jupiter.api.Assertions.assertThrows(IllegalStateException.class, () -> Main.build(env, Jobs.job(Jobs.fake(), folder, "{}", 1)));
        assertFalse(e.getMessage().isEmpty());
    }
}
