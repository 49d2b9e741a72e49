package weir.host;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker process: frames to it and from it, its standard error in the log, and its end. One thread sends and takes.
 */
final class Worker implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger("weir");

    /** What is read ahead of the one who takes, in bytes. */
    private static final long READ_AHEAD = 4 << 20;
    /** How long a process may take to begin, and to end by itself when it should. */
    private static final long HELLO_SECONDS = 120;
    private static final long GRACE_SECONDS = 5;
    private static final int LAST_LINES = 20;
    private static final int LINE_LENGTH = 4096;

    private final String name; // of the worker, in messages
    private final Path temp;
    private final Process process;
    private final OutputStream stdin;
    private final ReentrantLock writing = new ReentrantLock();
    private final ArrayDeque<String> lastLines = new ArrayDeque<>();
    private final Thread errors;

    // Guarded by this.
    private final ArrayDeque<Frame> frames = new ArrayDeque<>();
    private long bytes;
    private Exception end; // why no more frames come
    private boolean ending;
    private Runnable onFrames;
    private boolean told;

    /**
     * Starts the process and waits for its first frame.
     *
     * @param name of the worker in messages: "the worker of stage 2, task 0"
     * @param temp a folder in which the worker gets one of its own, which is removed at its end
     * @param memory what it may take, in bytes
     */
    static Worker start(List<String> command, String name, File temp, long memory) throws Exception {
        Path own = Files.createTempDirectory(temp.toPath(), "weir-worker-");
        Worker worker;
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("GOMEMLIMIT", Long.toString(memory / 10 * 9));
            worker = new Worker(name, own, builder.start());
        } catch (IOException e) {
            Files.delete(own);
            throw new IOException(name + " cannot be started: " + e.getMessage(), e);
        }
        try {
            worker.greet();
        } catch (Throwable e) {
            worker.close();
            throw e;
        }
        return worker;
    }

    private Worker(String name, Path temp, Process process) {
        this.name = name;
        this.temp = temp;
        this.process = process;
        this.stdin = process.getOutputStream();
        this.errors = daemon("stderr", this::readErrors);
        daemon("stdout", this::readFrames);
    }

    private void greet() throws Exception {
        Frame hello = take(HELLO_SECONDS);
        if (hello == null) {
            throw new IOException(name + " has not begun after " + HELLO_SECONDS + " s");
        }
        expect(hello, hello.kind == Frame.HELLO);
        int version = hello.u16(0);
        if (version != Frame.PROTOCOL) {
            throw new SuppressRestartsException(new IOException(name + " is weir " + hello.text(2) + " and speaks version " + version
                    + " of the protocol, and the host speaks " + Frame.PROTOCOL + ": submit the job anew, with one program"));
        }
    }

    /** The folder for the worker's temporary files. */
    String temp() {
        return temp.toString();
    }

    /** Sends a frame. Where the worker is gone, the exception says why. */
    void send(int kind, ByteBuffer... parts) throws Exception {
        IOException broken = null;
        writing.lockInterruptibly();
        try {
            Frame.write(stdin, kind, parts);
            stdin.flush();
        } catch (Frame.FrameException e) {
            throw e;
        } catch (IOException e) {
            broken = e;
        } finally {
            writing.unlock();
        }
        if (broken != null) {
            end(); // a process that does not read any more is not needed any more
            while (true) {
                take();
            }
        }
    }

    /** Waits for a frame. Where no more come, the exception says why. */
    Frame take() throws Exception {
        return take(0);
    }

    /** A frame that is there already, or null. */
    synchronized Frame poll() throws Exception {
        if (frames.isEmpty() && end == null) {
            told = false;
            return null;
        }
        return take();
    }

    private synchronized Frame take(long seconds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (frames.isEmpty()) {
            if (end != null) {
                throw end;
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (seconds > 0 && left <= 0) {
                return null;
            }
            wait(seconds > 0 ? left : 0);
        }
        Frame frame = frames.remove();
        bytes -= frame.size();
        notifyAll();
        if (frame.kind == Frame.FAILED) {
            end = failed(frame);
            throw end;
        }
        return frame;
    }

    /** Has f called, by any thread, whenever frames or the end have come after a poll has found nothing. */
    synchronized void onFrames(Runnable f) {
        onFrames = f;
        tell();
    }

    private void tell() {
        if (onFrames != null && !told && (!frames.isEmpty() || end != null)) {
            told = true;
            onFrames.run();
        }
    }

    /** The exception for a FAILED: it carries the worker's JSON to the client, and stops restarts where they would not help. */
    private Exception failed(Frame frame) throws IOException {
        String json = frame.text(0).replaceAll("\\R", " ");
        JsonNode failure = JobFile.JSON.readTree(json);
        IOException e = new IOException(name + " has failed: weir-failure:" + json);
        return failure.path("again").asBoolean() ? e : new SuppressRestartsException(e);
    }

    /** Throws unless ok: a frame has come that may not come, or has something in it that may not be. */
    void expect(Frame frame, boolean ok) throws IOException {
        if (!ok) {
            throw new Frame.FrameException(name + " has sent " + frame + " where it may not");
        }
    }

    private void readFrames() {
        Exception why = null;
        try (InputStream in = process.getInputStream()) {
            Frame frame;
            while ((frame = Frame.read(in)) != null) {
                put(frame);
            }
        } catch (Frame.FrameException e) {
            why = e;
        } catch (IOException e) {
            LOG.debug("{}: standard output: {}", name, e.toString());
        } catch (InterruptedException e) {
            return;
        }
        end();
        String problem = name + (why == null ? " has ended" : " has sent what is no frame (" + why.getMessage() + ")");
        try {
            process.waitFor(2 * GRACE_SECONDS, TimeUnit.SECONDS);
            errors.join(1000);
            if (why == null && !process.isAlive()) {
                int code = process.exitValue();
                problem += code > 128 ? ", killed by signal " + (code - 128) : ", with exit code " + code;
            }
        } catch (InterruptedException e) {
            return;
        }
        synchronized (this) {
            String last;
            synchronized (lastLines) {
                last = String.join("\n", lastLines);
            }
            end = new IOException(problem + (last.isEmpty() ? "" : ":\n" + last), why);
            notifyAll();
            tell();
        }
    }

    private synchronized void put(Frame frame) throws InterruptedException {
        while (bytes > READ_AHEAD && !ending) {
            wait();
        }
        if (bytes > READ_AHEAD && frame.kind != Frame.FAILED) {
            return; // nobody will take it
        }
        frames.add(frame);
        bytes += frame.size();
        notifyAll();
        tell();
    }

    private void readErrors() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = readLine(lines)) != null) {
                LOG.info("{}: {}", name, line);
                synchronized (lastLines) {
                    lastLines.add(line);
                    if (lastLines.size() > LAST_LINES) {
                        lastLines.remove();
                    }
                }
            }
        } catch (IOException e) {
            LOG.debug("{}: standard error: {}", name, e.toString());
        }
    }

    /** A line, or as much of it as is kept. */
    private static String readLine(BufferedReader in) throws IOException {
        StringBuilder line = new StringBuilder();
        int c;
        while ((c = in.read()) >= 0 && c != '\n') {
            if (line.length() < LINE_LENGTH) {
                line.append((char) c);
            }
        }
        return c < 0 && line.length() == 0 ? null : line.toString();
    }

    /** Ends the process: it is told, its input ends, it has a grace period, and is killed. Does not wait; may be called again, by any thread. */
    void end() {
        synchronized (this) {
            if (ending) {
                return;
            }
            ending = true;
            notifyAll();
        }
        daemon("end", () -> {
            writing.lock(); // waits where a write is stuck, until the process is killed
            try (OutputStream last = stdin) {
                Frame.write(last, Frame.STOP);
            } catch (IOException e) {
                LOG.debug("{}: STOP: {}", name, e.toString());
            } finally {
                writing.unlock();
            }
        });
        daemon("kill", () -> {
            try {
                process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            process.toHandle().destroyForcibly();
        });
    }

    /** Ends the process and waits until it has ended, not longer than the grace period and a little, whether the thread is interrupted or not. */
    @Override
    public void close() {
        end();
        boolean interrupted = Thread.interrupted();
        while (true) {
            try {
                process.waitFor();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        removeTemp();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void removeTemp() {
        try (Stream<Path> files = Files.walk(temp)) {
            files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("{}: temporary files: {}", name, e.toString());
        }
    }

    private Thread daemon(String what, Runnable f) {
        Thread thread = new Thread(f, "weir " + what + " of " + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
