package weir.host;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out the splits of a stage, in the job manager. A thread of its own reads them from a worker, not far ahead; everything else runs in the thread of the source's
 * coordinator.
 */
final class SplitEnumerator
        implements org.apache.flink.api.connector.source.SplitEnumerator<SplitSource.Split, SplitSource.State> {
    private static final Logger LOG = LoggerFactory.getLogger("weir");

    /** Splits that wait to be asked for. */
    private static final int AHEAD = 64;
    /** What the worker that lists splits may take, in bytes. */
    private static final long MEMORY = 128 << 20;

    private final JobFile job;
    private final int stage;
    private final SplitEnumeratorContext<SplitSource.Split> context;

    private final Semaphore room = new Semaphore(AHEAD);
    private final ArrayDeque<Listed> listed = new ArrayDeque<>();
    private final Set<Integer> waiting = new LinkedHashSet<>(); // subtasks
    private boolean complete; // no more will be listed

    private long given;
    private int crc;
    private final List<byte[]> marks;
    private final TreeMap<Long, SplitSource.Split> returned = new TreeMap<>();

    private final Object ending = new Object(); // guards the two below
    private Worker worker;
    private boolean closed;

    /** A split and its mark, empty for none. */
    private static final class Listed {
        final SplitSource.Split split;
        final byte[] mark;

        Listed(SplitSource.Split split, byte[] mark) {
            this.split = split;
            this.mark = mark;
        }
    }

    SplitEnumerator(JobFile job, int stage, SplitEnumeratorContext<SplitSource.Split> context, SplitSource.State state) {
        this.job = job;
        this.stage = stage;
        this.context = context;
        this.given = state.given;
        this.crc = state.crc;
        this.marks = new ArrayList<>(state.marks);
        state.returned.forEach(split -> returned.put(split.sequence, split));
    }

    @Override
    public void start() {
        SplitSource.State from = snapshotState(0);
        Thread thread = new Thread(() -> list(from), "weir splits of stage " + stage);
        thread.setDaemon(true);
        thread.start();
    }

    /** Reads splits from a worker until there are no more. */
    private void list(SplitSource.State from) {
        try {
            if (!open(from)) {
                return;
            }
            Frame frame;
            while ((frame = worker.take()).kind != Frame.SPLITS_END) {
                if (frame.kind == Frame.METRICS) {
                    continue;
                }
                worker.expect(frame, frame.kind == Frame.NEXT_SPLIT);
                long sequence = frame.u64(0);
                int length = frame.u32(8);
                ByteBuffer rest = frame.payload(12, length);
                byte[] mark = new byte[length];
                byte[] data = new byte[rest.remaining() - length];
                rest.get(mark).get(data);
                room.acquire();
                run(() -> listed.add(new Listed(new SplitSource.Split(sequence, data), mark)));
            }
            run(() -> complete = true);
        } catch (Exception e) {
            run(() -> {
                throw new IllegalStateException("the splits of stage " + stage + " cannot be listed", e);
            });
        } finally {
            end();
        }
    }

    /** Starts the worker; false where the enumerator was closed meanwhile. */
    private boolean open(SplitSource.State from) throws Exception {
        Worker started = Worker.start(job.worker, "the worker that lists the splits of stage " + stage, folder(), MEMORY);
        synchronized (ending) {
            worker = started;
            if (closed) {
                return false;
            }
        }
        ObjectNode open = job.open("splits", stage, MEMORY, started.temp());
        open.put("given", from.given).put("crc", Integer.toUnsignedLong(from.crc));
        ArrayNode list = open.putArray("marks");
        from.marks.forEach(list::add);
        started.send(Frame.OPEN, ByteBuffer.wrap(JobFile.JSON.writeValueAsBytes(open)));
        return true;
    }

    /** Where temporary files belong: a YARN container says it. */
    private static File folder() {
        String local = System.getenv("LOCAL_DIRS");
        return new File(local == null ? System.getProperty("java.io.tmpdir") : local.split(",")[0]);
    }

    /** Runs f in the coordinator's thread, and then serves those who wait. What it throws fails the job. */
    private void run(Runnable f) {
        try {
            context.runInCoordinatorThread(() -> {
                synchronized (ending) {
                    if (closed) {
                        return;
                    }
                }
                f.run();
                serve();
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the enumerator of stage {} is closed", stage);
        }
    }

    private void serve() {
        waiting.retainAll(context.registeredReaders().keySet());
        while (!waiting.isEmpty()) {
            int subtask = waiting.iterator().next();
            if (!returned.isEmpty()) {
                context.assignSplit(returned.pollFirstEntry().getValue(), subtask);
            } else if (!listed.isEmpty()) {
                context.assignSplit(give(listed.remove()), subtask);
            } else if (complete) {
                context.signalNoMoreSplits(subtask);
            } else {
                return;
            }
            waiting.remove(subtask);
        }
    }

    private SplitSource.Split give(Listed next) {
        given++;
        crc = Crc32c.update(crc, next.split.data);
        if (next.mark.length > 0) {
            marks.add(next.mark);
        }
        room.release();
        return next.split;
    }

    @Override
    public void handleSplitRequest(int subtask, String host) {
        waiting.add(subtask);
        serve();
    }

    @Override
    public void addSplitsBack(List<SplitSource.Split> splits, int subtask) {
        waiting.remove(subtask);
        splits.forEach(split -> returned.put(split.sequence, split));
        serve();
    }

    @Override
    public void addReader(int subtask) {
        waiting.remove(subtask); // what it asked for, it asked for before it failed
    }

    @Override
    public SplitSource.State snapshotState(long checkpoint) {
        return new SplitSource.State(given, crc, new ArrayList<>(marks), new ArrayList<>(returned.values()));
    }

    @Override
    public void close() throws IOException {
        synchronized (ending) {
            closed = true;
        }
        room.release(AHEAD); // whoever waits for room goes on, and sees that the worker has ended
        end();
    }

    private void end() {
        Worker ended;
        synchronized (ending) {
            ended = worker;
        }
        if (ended != null) {
            ended.close();
        }
    }
}
