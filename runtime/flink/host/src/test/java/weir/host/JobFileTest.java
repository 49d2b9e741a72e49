package weir.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobFileTest {
    private static final String JOB = "{\"name\": \"n\", \"run\": \"r\", \"work\": \"w\", \"key_groups\": 8, \"worker\": [\"./weir\", \"worker\"], \"plan\": %s, \"parallelism\": {\"1\": 3}}";
    private static final String PLAN = "{ \"x\":1.50e+2, \"é\\u003e\": [{}],\n \"nodes\": [{\"id\": 1, \"op\": \"a\"}, {\"id\": 2, \"op\": \"b\"}], \"stages\": ["
            + "{\"id\": 0, \"ops\": [{\"node\": 1, \"part\": \"whole\"}, {\"node\": 2, \"part\": \"collect\"}], \"parallelism\": 2},"
            + "{\"id\": 1, \"ops\": [{\"node\": 2, \"part\": \"scan\"}], \"parallelism\": 1, \"inputs\": [{\"stage\": 0}, {\"stage\": 0}]}]}";

    @Test
    void stages() throws IOException {
        JobFile job = new JobFile(String.format(JOB, PLAN));
        assertEquals("stage 0: a, b collect", job.stages.get(0).name);
        assertEquals("stage 1: b scan", job.stages.get(1).name);
        assertEquals(2, job.stages.get(0).parallelism);
        assertEquals(3, job.stages.get(1).parallelism);
        assertTrue(job.stages.get(0).readsSplits());
        assertEquals(List.of(0, 0), job.stages.get(1).inputs);
        assertEquals("1.1", job.stages.get(0).outputs.get(1).tag());
        assertEquals(List.of("./weir", "worker"), job.worker);
    }

    /** A plan has a hash over its numbers as they are written. */
    @Test
    void planGoesToWorkersByteForByte() throws IOException {
        String open = JobFile.JSON.writeValueAsString(new JobFile(String.format(JOB, PLAN)).open("stage", 1, 5, "/t"));
        assertTrue(open.contains("\"plan\":" + PLAN + ","), open);
        assertTrue(open.contains("\"settings\":{}"), open);
    }

    @Test
    void mistakes(@TempDir Path folder) throws IOException {
        String[][] cases = {
            {"[]", "no object"},
            {"{", "Unexpected end-of-input"},
            {"{}", "`name` is missing"},
            {String.format(JOB, "1"), "`plan` is missing"},
            {String.format(JOB, "{}"), "no stages"},
            {String.format(JOB, "{\"stages\": [{\"id\": 0, \"inputs\": [{\"stage\": 7}], \"parallelism\": 1}]}"), "not before it"},
            {String.format(JOB, "{\"stages\": [{\"id\": 0, \"parallelism\": 0}]}"), "`parallelism` must be a number from 1 to 8"},
            {String.format(JOB, PLAN).replace("\"./weir\", \"worker\"", ""), "no command"},
        };
        for (String[] c : cases) {
            Path file = Files.writeString(folder.resolve("job.json"), c[0]);
            IOException e = assertThrows(IOException.class, () -> JobFile.read(file.toString()), c[0]);
            assertTrue(e.getMessage().contains(c[1]), e::getMessage);
            assertTrue(e.getMessage().contains("job.json"), e::getMessage);
        }
    }

    @Test
    void flinkOfAnotherLine() {
        Main.requireFlink("1.20.3");
        for (String version : List.of("1.19.2", "2.0.0", "<unknown>")) {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> Main.requireFlink(version));
            assertTrue(e.getMessage().contains(version), e::getMessage);
        }
    }
}
