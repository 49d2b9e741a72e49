package weir.host;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** Job files for tests: gen → count → write, run by fake workers. */
final class Jobs {
    static final int KEY_GROUPS = 64;

    private Jobs() {}

    /** The command of a fake worker, with variables of its environment: NAME=VALUE. */
    static List<String> fake(String... environment) {
        List<String> command = new ArrayList<>(List.of("env"));
        command.addAll(List.of(environment));
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx48m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), "weir.host.FakeWorker"));
        return command;
    }

    /** A job whose stages are one operator each, in a row. */
    static String text(List<String> command, Path work, String settings, int parallelism, String... operators) throws IOException {
        StringJoiner nodes = new StringJoiner(", ", "[", "]");
        StringJoiner stages = new StringJoiner(", ", "[", "]");
        for (int i = 0; i < operators.length; i++) {
            nodes.add("{\"id\": " + (i + 1) + ", \"op\": \"" + operators[i] + "\"}");
            String inputs = i == 0 && operators[0].equals("gen") ? "" : ", \"inputs\": [{\"stage\": " + (i - 1) + "}]";
            int tasks = operators[i].equals("write") ? 1 : parallelism;
            stages.add("{\"id\": " + i + ", \"ops\": [{\"node\": " + (i + 1) + ", \"part\": \"whole\"}], \"parallelism\": " + tasks + inputs + "}");
        }
        ObjectNode job = JobFile.JSON.createObjectNode();
        job.put("name", "a test").put("run", "r1").put("work", work.toString()).put("key_groups", KEY_GROUPS).put("memory", 0).put("max_errors", 3);
        job.set("worker", JobFile.JSON.valueToTree(command));
        job.set("settings", JobFile.JSON.readTree(settings));
        String rest = JobFile.JSON.writeValueAsString(job);
        return rest.substring(0, rest.length() - 1) + ", \"plan\": {\"nodes\": " + nodes + ", \"stages\": " + stages + ", \"exact\": 1.50e+2}}";
    }

    static JobFile job(List<String> command, Path work, String settings, int parallelism) throws IOException {
        return new JobFile(text(command, work, settings, parallelism, "gen", "count", "write"));
    }
}
