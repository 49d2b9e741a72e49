package weir.host;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * A worker for tests of the host, which keeps the contract, and breaks it where the settings of the job say so. It knows three operators: gen makes keys of splits, count counts
 * them by key, write writes the counts into files that are visible when they are committed. The second half of the splits is listed when the file of the setting gate is there.
 */
final class FakeWorker {
    private final InputStream in = new BufferedInputStream(System.in);
    private final OutputStream out = new BufferedOutputStream(new java.io.FileOutputStream(java.io.FileDescriptor.out));
    private JsonNode open;
    private JsonNode settings;
    private String operator;
    private int keyGroups;
    private long consumed;

    // count: by group and key
    private final TreeMap<Integer, TreeMap<Integer, Long>> counts = new TreeMap<>();
    private final Set<Integer> drainedGroups = new HashSet<>();
    // write
    private final List<String> lines = new ArrayList<>();
    private final TreeMap<Long, String> staged = new TreeMap<>();

    public static void main(String[] args) throws Exception {
        new FakeWorker().run();
        System.exit(0);
    }

    private void run() throws Exception {
        String environment = System.getenv("WEIR_FAKE_HELLO");
        if ("garbage".equals(environment)) {
            System.out.println("this is no worker at all, but something that writes a good deal of text");
            System.err.println("no such command");
            System.exit(3);
        }
        send(Frame.HELLO, ByteBuffer.wrap(new byte[] {(byte) ("version".equals(environment) ? 2 : 1), 0, 'f', 'a', 'k', 'e'}));
        open = new ObjectMapper().readTree(receive(Frame.OPEN).text(0));
        settings = open.path("settings");
        keyGroups = open.path("key_groups").asInt();
        for (JsonNode stage : open.path("plan").path("stages")) {
            if (stage.path("id").asInt() == open.path("stage").asInt()) {
                operator = open.path("plan").path("nodes").get(stage.path("ops").get(0).path("node").asInt() - 1).path("op").asText();
            }
        }
        trick("open");
        if (open.path("mode").asText().equals("splits")) {
            splits();
        } else {
            stage();
        }
    }

    /** Does what the settings say is to be done here: {"at", "stage", "do", "once"}. */
    private void trick(String at) throws Exception {
        for (JsonNode trick : settings.path("tricks")) {
            if (!trick.path("at").asText().equals(at) || trick.path("stage").asInt() != open.path("stage").asInt() || trick.path("task").asInt() != open.path("task").asInt()) {
                continue;
            }
            if (trick.has("once") && !Files.notExists(Path.of(trick.path("once").asText()))) {
                continue;
            }
            if (trick.has("once")) {
                Files.writeString(Path.of(trick.path("once").asText()), "done");
            }
            switch (trick.path("do").asText()) {
                case "die":
                    System.err.println("dying at " + at);
                    Runtime.getRuntime().halt(7);
                    break;
                case "nothing": // but to leave the file
                    break;
                case "hang":
                    Thread.sleep(Long.MAX_VALUE);
                    break;
                case "garbage":
                    out.write("garbage, and more of it, which is no frame".getBytes(StandardCharsets.UTF_8));
                    out.flush();
                    break;
                case "forbidden":
                    send(Frame.SPLITS_END);
                    break;
                case "far":
                    send(Frame.OUT, ByteBuffer.wrap(new byte[] {0, 0, 99, 0, 0, 0, 1}));
                    break;
                case "fail":
                case "failagain":
                    send(Frame.FAILED, text("{\"code\": \"W6201\", \"message\": \"a bad row\",\n \"again\": " + trick.path("do").asText().equals("failagain") + "}"));
                    System.exit(1);
                    break;
                default:
                    throw new IllegalStateException(trick.toString());
            }
        }
    }

    private static ByteBuffer text(String s) {
        return ByteBuffer.wrap(s.getBytes(StandardCharsets.UTF_8));
    }

    private synchronized void send(int kind, ByteBuffer... parts) throws IOException {
        Frame.write(out, kind, parts);
        out.flush();
    }

    /** The next frame; the process ends where the host wants it to, or is gone. */
    private Frame receive(int... kinds) throws IOException {
        Frame frame = Frame.read(in);
        if (frame == null || frame.kind == Frame.STOP) {
            System.exit(0);
        }
        for (int kind : kinds) {
            if (frame.kind == kind) {
                return frame;
            }
        }
        if (kinds.length > 0) {
            throw new IOException("unexpected: " + frame);
        }
        return frame;
    }

    private void splits() throws Exception {
        Thread end = new Thread(() -> {
            try {
                System.err.println("came after OPEN: " + receive());
            } catch (IOException e) {
                System.err.println(e);
            }
            System.exit(1);
        });
        end.setDaemon(true);
        end.start();
        Set<String> marks = new HashSet<>();
        for (JsonNode mark : open.path("marks")) {
            marks.add(new String(Base64.getDecoder().decode(mark.asText()), StandardCharsets.UTF_8));
        }
        int crc = 0;
        long given = open.path("given").asLong();
        for (int i = 0; i < settings.path("splits").asInt(); i++) {
            String mark = settings.path("marks").asBoolean() ? "mark " + i : "";
            byte[] data = ("{\"n\": " + i + "}").getBytes(StandardCharsets.UTF_8);
            if (i < given) {
                crc = Crc32c.update(crc, data);
                if (!mark.isEmpty() && !marks.contains(mark)) {
                    throw new IllegalStateException("the mark of split " + i + " is missing");
                }
                continue;
            }
            trick("split " + i);
            while (i >= settings.path("splits").asInt() / 2 && settings.has("gate") && Files.notExists(Path.of(settings.path("gate").asText()))) {
                Thread.sleep(10);
            }
            send(Frame.NEXT_SPLIT, Frame.number((long) i), Frame.number(mark.length()), text(mark), ByteBuffer.wrap(data));
        }
        if (crc != (int) open.path("crc").asLong()) {
            throw new IllegalStateException("other splits were given");
        }
        send(Frame.SPLITS_END);
        end.join();
    }

    private void stage() throws Exception {
        Frame frame;
        while ((frame = receive(Frame.RESTORE_GROUP, Frame.RESTORE_ITEM, Frame.START)).kind != Frame.START) {
            if (frame.kind == Frame.RESTORE_GROUP) {
                restoreGroup(frame.u32(0), frame.payload(4, 12));
            } else {
                String[] item = frame.text(0).split("\n", 2);
                staged.put(Long.parseLong(item[0]), item[1]);
            }
        }
        commit(Long.MAX_VALUE);
        if (settings.has("memory")) {
            Files.writeString(Path.of(open.path("work").asText(), "memory-" + operator), open.path("memory").asLong() + " " + System.getenv("GOMEMLIMIT"));
        }
        trick("start");
        send(Frame.READY);
        if (operator.equals("gen")) {
            send(Frame.WANT_SPLIT);
        }
        while (true) {
            frame = receive();
            switch (frame.kind) {
                case Frame.SPLIT:
                    trick("split");
                    Thread.sleep(settings.path("split_ms").asLong());
                    int n = new ObjectMapper().readTree(frame.text(8)).path("n").asInt();
                    read(n);
                    trick("read " + n);
                    send(Frame.WANT_SPLIT);
                    break;
                case Frame.DATA:
                    trick("data");
                    data(frame.payload(0, 0));
                    consumed++;
                    send(Frame.CONSUMED, Frame.number(1));
                    break;
                case Frame.BARRIER:
                    trick("barrier");
                    send(Frame.METRICS, text("{\"nodes\": {\"" + (open.path("stage").asInt() + 1) + "\": {\"rows_in\": " + consumed + "}}, \"memory\": 5}"));
                    snapshot(frame.u64(0));
                    break;
                case Frame.COMMIT:
                    trick("commit");
                    commit(frame.u64(0));
                    send(Frame.COMMITTED, Frame.number(frame.u64(0)));
                    break;
                case Frame.END_INPUT:
                    trick("drain");
                    drain();
                    send(Frame.WATERMARK, Frame.number(1234L));
                    send(Frame.DRAINED);
                    break;
                default:
                    throw new IOException("unexpected: " + frame);
            }
        }
    }

    /** gen: the split has the keys n * rows, n * rows + 1, … modulo the number of keys. */
    private void read(int n) throws IOException {
        int rows = settings.path("rows").asInt();
        int tasks = open.path("outputs").get(0).path("tasks").asInt();
        for (int i = 0; i < rows; i++) {
            int key = (n * rows + i) % settings.path("keys").asInt();
            int subtask = key % keyGroups * tasks / keyGroups;
            send(Frame.OUT, head(0, subtask), Frame.number(key));
        }
    }

    private static ByteBuffer head(int output, int subtask) {
        return ByteBuffer.allocate(6).order(ByteOrder.LITTLE_ENDIAN).putShort((short) output).putInt(subtask).flip();
    }

    private void data(ByteBuffer packet) {
        if (operator.equals("count")) {
            int key = packet.getInt();
            counts.computeIfAbsent(key % keyGroups, group -> new TreeMap<>()).merge(key, 1L, Long::sum);
        } else {
            lines.add(StandardCharsets.UTF_8.decode(packet).toString());
        }
    }

    private void drain() throws IOException {
        if (operator.equals("count") && open.path("outputs").isEmpty()) {
            Files.writeString(Path.of(open.path("work").asText(), "task-" + open.path("task").asInt()), open.path("restored").asLong() + " " + counts);
        }
        for (var group : counts.entrySet()) {
            if (drainedGroups.add(group.getKey())) { // not again after a restore
                for (var count : group.getValue().entrySet()) {
                    for (int output = 0; output < open.path("outputs").size(); output++) {
                        send(Frame.OUT, head(output, 0), text(count.getKey() + " " + count.getValue()));
                    }
                }
            }
        }
    }

    /** count: a piece for every key. write: an item for every file that is not committed. */
    private void snapshot(long checkpoint) throws IOException {
        for (var group : counts.entrySet()) {
            int drained = drainedGroups.contains(group.getKey()) ? 1 : 0;
            for (var count : group.getValue().entrySet()) {
                ByteBuffer piece = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(count.getKey()).putLong(count.getValue()).putInt(drained).flip();
                send(Frame.GROUP, Frame.number(group.getKey()), piece);
            }
        }
        if (!lines.isEmpty()) {
            staged.put(checkpoint, String.join("\n", lines) + "\n");
            lines.clear();
        }
        for (var file : staged.entrySet()) {
            send(Frame.ITEM, text(file.getKey() + "\n" + file.getValue()));
        }
        send(Frame.SNAPSHOT, Frame.number(checkpoint));
    }

    private void restoreGroup(int group, ByteBuffer piece) {
        int key = piece.getInt();
        counts.computeIfAbsent(group, g -> new TreeMap<>()).put(key, piece.getLong());
        if (piece.getInt() == 1) {
            drainedGroups.add(group);
        }
    }

    private void commit(long checkpoint) throws IOException {
        for (var file : staged.headMap(checkpoint, true).entrySet()) {
            Path folder = Path.of(open.path("work").asText());
            Path part = Files.writeString(folder.resolve(".part-" + open.path("task").asInt()), file.getValue());
            Files.move(part, folder.resolve("committed-" + file.getKey() + "-" + open.path("task").asInt()), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
        staged.headMap(checkpoint, true).clear();
    }
}
