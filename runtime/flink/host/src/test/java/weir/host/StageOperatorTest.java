package weir.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.ExceptionUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One operator and its worker process, in Flink's harness. */
@Timeout(300)
class StageOperatorTest {
    @TempDir private Path folder;

    private static final class Harness extends KeyedOneInputStreamOperatorTestHarness<Integer, Packet, Packet> {
        private static final long serialVersionUID = 1;

        Harness(JobFile job, int tasks, int task) throws Exception {
            super(new StageOperator.Factory(job, job.stages.get(1)), packet -> 0, Types.INT, Jobs.KEY_GROUPS, tasks, task);
        }

        void send(ByteBuffer data) throws Exception {
            processElement(new StreamRecord<>(new Packet(0, data)));
        }

        OperatorSubtaskState checkpoint(long id) throws Exception {
            prepareSnapshotPreBarrier(id);
            return snapshot(id, id);
        }
    }

    @AfterEach
    void noProcessIsLeft() {
        assertEquals(List.of(), processes());
    }

    static List<String> processes() {
        return ProcessHandle.current().descendants().filter(ProcessHandle::isAlive).map(p -> p.info().commandLine().orElse("?")).collect(Collectors.toList());
    }

    private JobFile job(String operator, String settings, String... environment) throws IOException {
        return new JobFile(Jobs.text(Jobs.fake(environment), folder, settings, 1, "gen", operator));
    }

    private static ByteBuffer key(int key) {
        return Frame.number(key);
    }

    /** What the tasks of a stage count when they start from a state and drain, by task: key groups go to the tasks in whose range they are. */
    private List<String> drain(JobFile job, OperatorSubtaskState state, int before, int tasks) throws Exception {
        List<String> found = new ArrayList<>();
        for (int task = 0; task < tasks; task++) {
            try (Harness harness = new Harness(job, tasks, task)) {
                harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(state, Jobs.KEY_GROUPS, before, tasks, task));
                harness.open();
                harness.endInput();
            }
            Path file = folder.resolve("task-" + task);
            found.add(Files.readString(file));
            Files.delete(file);
        }
        return found;
    }

    @Test
    void keyGroupsFollowTheParallelism() throws Exception {
        JobFile job = job("count", "{}");
        TreeMap<Integer, TreeMap<Integer, Long>> want = new TreeMap<>();
        OperatorSubtaskState one;
        try (Harness harness = new Harness(job, 1, 0)) {
            harness.setup();
            harness.open();
            for (int i = 0; i < 500; i++) { // several keys of a group: several pieces
                int key = i * i % 301;
                want.computeIfAbsent(key % Jobs.KEY_GROUPS, g -> new TreeMap<>()).merge(key, 1L, Long::sum);
                harness.send(key(key));
            }
            one = harness.checkpoint(7);
            harness.notifyOfCompletedCheckpoint(7);
        }
        assertTrue(want.firstKey() == 0 && want.lastKey() == Jobs.KEY_GROUPS - 1, want::toString);
        assertEquals(List.of("0 " + want), drain(job, one, 1, 1).stream().map(s -> s.replaceFirst("^\\d+", "0")).collect(Collectors.toList()));

        // 1 → 2, both of which take a checkpoint, → 3.
        OperatorSubtaskState[] two = new OperatorSubtaskState[2];
        for (int task = 0; task < 2; task++) {
            try (Harness harness = new Harness(job, 2, task)) {
                harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(one, Jobs.KEY_GROUPS, 1, 2, task));
                harness.open();
                two[task] = harness.checkpoint(8);
            }
        }
        OperatorSubtaskState both = AbstractStreamOperatorTestHarness.repackageState(two);
        List<String> three = drain(job, both, 2, 3);
        for (int task = 0; task < 3; task++) {
            int first = (task * Jobs.KEY_GROUPS + 2) / 3;
            int last = ((task + 1) * Jobs.KEY_GROUPS + 2) / 3;
            assertEquals(want.subMap(first, last).toString(), three.get(task).replaceFirst("^\\d+ ", ""));
        }
    }

    @Test
    void itemsAreDealtOut() throws Exception {
        JobFile job = job("write", "{}");
        OperatorSubtaskState state = null;
        try (Harness harness = new Harness(job, 1, 0)) {
            harness.setup();
            harness.open();
            for (int i = 1; i <= 3; i++) {
                harness.send(ByteBuffer.wrap(("line " + i).getBytes(StandardCharsets.UTF_8)));
                state = harness.checkpoint(i);
            }
        }
        assertEquals(0, committed().size());
        for (int task = 0; task < 3; task++) {
            try (Harness harness = new Harness(job, 3, task)) {
                harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(state, Jobs.KEY_GROUPS, 1, 3, task));
                harness.open(); // which commits again
            }
        }
        List<String> names = committed();
        assertEquals(3, names.size(), names::toString);
        for (int task = 0; task < 3; task++) { // each has one of them
            String end = "-" + task;
            assertEquals(1, names.stream().filter(name -> name.endsWith(end)).count(), names::toString);
        }
    }

    private List<String> committed() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).filter(name -> name.startsWith("committed-")).collect(Collectors.toList());
        }
    }

    @Test
    void commitIsOverWhenTheNoticeReturns() throws Exception {
        try (Harness harness = new Harness(job("write", "{}"), 1, 0)) {
            harness.setup();
            harness.open();
            harness.send(ByteBuffer.wrap("a".getBytes(StandardCharsets.UTF_8)));
            harness.checkpoint(4);
            assertEquals(List.of(), committed());
            harness.notifyOfCompletedCheckpoint(4);
            assertEquals(List.of("committed-4-0"), committed());
        }
    }

    /** Opens a worker that does something at a place, and drives it to there. */
    private Throwable failure(String at, String what) throws Exception {
        JobFile job = job("count", "{\"tricks\": [{\"at\": \"" + at + "\", \"stage\": 1, \"do\": \"" + what + "\"}]}");
        return assertThrows(Throwable.class, () -> drive(job), at + " " + what);
    }

    private void drive(JobFile job) throws Exception {
        try (Harness harness = new Harness(job, 1, 0)) {
            harness.setup();
            harness.open();
            for (int i = 0; i < 100; i++) {
                harness.send(key(i));
            }
            harness.checkpoint(1);
            harness.notifyOfCompletedCheckpoint(1);
            harness.endInput();
        }
    }

    @Test
    void aWorkerThatDiesSaysWhatItSaidLast() throws Exception {
        for (String at : List.of("open", "start", "data", "barrier", "commit", "drain")) {
            Throwable e = failure(at, "die");
            assertTrue(e.getMessage().matches("(?s)the worker of stage 1, task 0 has ended, with exit code 7:.*dying at " + at), e::toString);
        }
    }

    @Test
    void aFailureThatWouldComeAgainStopsRestarts() throws Exception {
        Throwable e = failure("data", "fail");
        assertTrue(e instanceof SuppressRestartsException, e::toString);
        assertTrue(e.getCause().getMessage().matches("the worker of stage 1, task 0 has failed: weir-failure:\\{\"code\": \"W6201\".*\\}"), e.getCause()::getMessage);
        Throwable again = failure("barrier", "failagain");
        assertFalse(ExceptionUtils.findThrowable(again, SuppressRestartsException.class).isPresent(), again::toString);
        assertTrue(again.getMessage().contains("weir-failure:{"), again::getMessage);
    }

    @Test
    void whatIsNoFrameEndsTheWorker() throws Exception {
        for (String at : List.of("start", "data", "barrier", "drain")) {
            Throwable e = failure(at, "garbage");
            assertTrue(e.getMessage().contains("has sent what is no frame (damaged frame: it says that it has "), e::toString);
            e = failure(at, "forbidden");
            assertTrue(e.getMessage().contains("the worker of stage 1, task 0 has sent a frame of kind 77 with 0 bytes where it may not"), e::toString);
            e = failure(at, "far");
            assertTrue(e.getMessage().contains("a frame of kind 66 with 7 bytes where it may not"), e::toString);
        }
    }

    @Test
    void whatIsNoWorker() throws Exception {
        Throwable e = assertThrows(Throwable.class, () -> drive(job("count", "{}", "WEIR_FAKE_HELLO=garbage")));
        assertTrue(e.getMessage().matches("(?s)the worker of stage 1, task 0 has sent what is no frame.*no such command"), e::toString);

        e = assertThrows(Throwable.class, () -> drive(job("count", "{}", "WEIR_FAKE_HELLO=version")));
        assertTrue(e instanceof SuppressRestartsException, e::toString);
        assertEquals("the worker of stage 1, task 0 is weir fake and speaks version 2 of the protocol, and the host speaks 1: submit the job anew, with one program",
                e.getCause().getMessage());

        JobFile job = new JobFile(Jobs.text(List.of("/nowhere/weir", "worker"), folder, "{}", 1, "gen", "count"));
        e = assertThrows(Throwable.class, () -> drive(job));
        assertTrue(e.getMessage().contains("cannot be started"), e::toString);
    }

    @Test
    void temporaryFilesAreRemoved() throws Exception {
        try (Harness harness = new Harness(job("count", "{}"), 1, 0)) {
            harness.setup();
            harness.open();
            Path temp = Path.of(harness.getEnvironment().getTaskManagerInfo().getTmpDirectories()[0]);
            assertEquals(1, temps(temp));
            harness.close();
            assertEquals(0, temps(temp));
        }
    }

    private static long temps(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().startsWith("weir-worker-")).count();
        }
    }
}
