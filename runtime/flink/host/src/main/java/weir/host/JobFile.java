package weir.host;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.fs.Path;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.util.RawValue;

/** A job as it was submitted: the physical plan, of which the host reads the stages alone, and how it is to run. */
final class JobFile implements Serializable {
    private static final long serialVersionUID = 1;

    static final ObjectMapper JSON = new ObjectMapper();

    /** DATA frames that may be on their way to a worker. */
    static final int WINDOW = 16;

    final String name;
    final int keyGroups;
    /** The command of a worker. */
    final ArrayList<String> worker = new ArrayList<>();
    /** What one worker may take, in bytes; 0 for its share of the slot's managed memory. */
    final long memory;
    /** In topological order, as the plan has them. */
    final ArrayList<Stage> stages = new ArrayList<>();

    // What a worker gets as it is.
    private final String plan;
    private final String settings;
    private final String run;
    private final String work;
    private final long maxErrors;

    /** A stage of the plan. */
    static final class Stage implements Serializable {
        private static final long serialVersionUID = 1;

        final int id;
        final String name;
        final int parallelism;
        /** The stages that its inputs come from; none where it reads splits. */
        final ArrayList<Integer> inputs = new ArrayList<>();
        /** The exchanges that read it, in the order of receiving stages and their inputs. */
        final ArrayList<Exchange> outputs = new ArrayList<>();

        Stage(int id, String name, int parallelism) {
            this.id = id;
            this.name = name;
            this.parallelism = parallelism;
        }

        boolean readsSplits() {
            return inputs.isEmpty();
        }
    }

    /** The receiving end of an exchange. */
    static final class Exchange implements Serializable {
        private static final long serialVersionUID = 1;

        final int stage;
        final int input;

        Exchange(int stage, int input) {
            this.stage = stage;
            this.input = input;
        }

        String tag() {
            return stage + "." + input;
        }
    }

    /** Reads a job file from any file system that Flink knows. */
    static JobFile read(String path) throws IOException {
        Path p = new Path(path);
        try (FSDataInputStream in = p.getFileSystem().open(p)) {
            return new JobFile(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new IOException("the job file " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    JobFile(String text) throws IOException {
        JsonNode job = JSON.readTree(text);
        Map<String, String> raw = objects(text);
        name = string(job, "name");
        run = string(job, "run");
        work = string(job, "work");
        maxErrors = job.path("max_errors").asLong();
        memory = job.path("memory").asLong();
        keyGroups = positive(job, "key_groups", 1 << 15);
        for (JsonNode word : job.path("worker")) {
            worker.add(word.asText());
        }
        if (worker.isEmpty()) {
            throw new IllegalArgumentException("`worker` has no command");
        }
        settings = raw.getOrDefault("settings", "{}");
        plan = raw.get("plan");
        if (plan == null) {
            throw new IllegalArgumentException("`plan` is missing");
        }
        readStages(job.path("plan"), job.path("parallelism"));
    }

    private void readStages(JsonNode plan, JsonNode parallelism) {
        Map<Integer, String> operators = new HashMap<>();
        for (JsonNode node : plan.path("nodes")) {
            operators.put(node.path("id").asInt(), node.path("op").asText());
        }
        Map<Integer, Stage> byId = new HashMap<>();
        for (JsonNode s : plan.path("stages")) {
            int id = s.path("id").asInt();
            StringJoiner names = new StringJoiner(", ", "stage " + id + ": ", "");
            for (JsonNode op : s.path("ops")) {
                String part = op.path("part").asText();
                names.add(operators.getOrDefault(op.path("node").asInt(), "?") + (part.equals("whole") ? "" : " " + part));
            }
            String override = Integer.toString(id);
            int tasks = parallelism.has(override) ? positive(parallelism, override, keyGroups) : positive(s, "parallelism", keyGroups);
            Stage stage = new Stage(id, names.toString(), tasks);
            for (JsonNode exchange : s.path("inputs")) {
                Stage from = byId.get(exchange.path("stage").asInt(-1));
                if (from == null) {
                    throw new IllegalArgumentException("stage " + id + " reads a stage that is not before it");
                }
                from.outputs.add(new Exchange(id, stage.inputs.size()));
                stage.inputs.add(from.id);
            }
            if (byId.put(id, stage) != null) {
                throw new IllegalArgumentException("there are two stages " + id);
            }
            stages.add(stage);
        }
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("the plan has no stages");
        }
    }

    /** The OPEN of a worker, less what is of its mode alone. */
    ObjectNode open(String mode, int stage, long memory, String temp) {
        ObjectNode open = JSON.createObjectNode();
        open.put("protocol", Frame.PROTOCOL).put("mode", mode);
        open.putRawValue("plan", new RawValue(plan));
        open.put("stage", stage).put("key_groups", keyGroups).put("window", WINDOW);
        open.put("memory", memory).put("temp", temp);
        open.putRawValue("settings", new RawValue(settings));
        return open.put("run", run).put("work", work).put("max_errors", maxErrors);
    }

    /** The text of the members that are objects, byte for byte: the plan has a hash. */
    private static Map<String, String> objects(String text) throws IOException {
        Map<String, String> members = new HashMap<>();
        try (JsonParser p = JSON.createParser(text)) {
            if (p.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("it is no object");
            }
            while (p.nextToken() == JsonToken.FIELD_NAME) {
                String name = p.getCurrentName();
                if (p.nextToken() == JsonToken.START_OBJECT) {
                    long from = p.getTokenLocation().getCharOffset();
                    p.skipChildren();
                    members.put(name, text.substring((int) from, (int) p.getCurrentLocation().getCharOffset()));
                } else {
                    p.skipChildren();
                }
            }
        }
        return members;
    }

    private static String string(JsonNode node, String field) {
        String s = node.path(field).asText();
        if (s.isEmpty()) {
            throw new IllegalArgumentException("`" + field + "` is missing");
        }
        return s;
    }

    private static int positive(JsonNode node, String field, int most) {
        int n = node.path(field).asInt();
        if (n < 1 || n > most) {
            throw new IllegalArgumentException("`" + field + "` must be a number from 1 to " + most);
        }
        return n;
    }
}
