package weir.host;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** The splits of a stage: listed by a worker in the job manager, handed out on request, passed on to the operator behind as records, read by its worker. */
final class SplitSource implements Source<Packet, SplitSource.Split, SplitSource.State> {
    private static final long serialVersionUID = 1;

    private final JobFile job;
    private final int stage;

    SplitSource(JobFile job, int stage) {
        this.job = job;
        this.stage = stage;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED; // it may be; in Flink's streaming mode nothing depends on it
    }

    @Override
    public SplitEnumerator<Split, State> createEnumerator(SplitEnumeratorContext<Split> context) {
        return restoreEnumerator(context, new State(0, 0, List.of(), List.of()));
    }

    @Override
    public SplitEnumerator<Split, State> restoreEnumerator(SplitEnumeratorContext<Split> context, State state) {
        return new weir.host.SplitEnumerator(job, stage, context, state);
    }

    @Override
    public SourceReader<Packet, Split> createReader(SourceReaderContext context) {
        return new SplitReader(context);
    }

    @Override
    public SimpleVersionedSerializer<Split> getSplitSerializer() {
        return new SplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<State> getEnumeratorCheckpointSerializer() {
        return new StateSerializer();
    }

    /** A split: opaque but for its number. */
    static final class Split implements SourceSplit {
        final long sequence;
        final byte[] data;

        Split(long sequence, byte[] data) {
            this.sequence = sequence;
            this.data = data;
        }

        @Override
        public String splitId() {
            return Long.toUnsignedString(sequence);
        }

        /** As it goes to the operator, and on to the worker: u64 sequence number, split. */
        Packet packet() {
            ByteBuffer b = ByteBuffer.allocate(8 + data.length).order(ByteOrder.LITTLE_ENDIAN);
            return new Packet(0, b.putLong(sequence).put(data).flip());
        }
    }

    /** What an enumerator knows at a checkpoint. */
    static final class State {
        /** Splits that were handed out, and the CRC-32C over their bytes in order. */
        final long given;
        final int crc;
        /** Their marks, where they have one. */
        final List<byte[]> marks;
        /** Splits that came back from a task that failed, and wait to be handed out again. */
        final List<Split> returned;

        State(long given, int crc, List<byte[]> marks, List<Split> returned) {
            this.given = given;
            this.crc = crc;
            this.marks = marks;
            this.returned = returned;
        }
    }

    private abstract static class Serializer<T> implements SimpleVersionedSerializer<T> {
        abstract void write(T value, DataOutputStream out) throws IOException;

        abstract T read(DataInputStream in) throws IOException;

        @Override
        public final int getVersion() {
            return 1;
        }

        @Override
        public final byte[] serialize(T value) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            write(value, new DataOutputStream(bytes));
            return bytes.toByteArray();
        }

        @Override
        public final T deserialize(int version, byte[] serialized) throws IOException {
            if (version != getVersion()) {
                throw new IOException("splits of version " + version + " are of another weir");
            }
            return read(new DataInputStream(new ByteArrayInputStream(serialized)));
        }

        static void writeBytes(byte[] b, DataOutputStream out) throws IOException {
            out.writeInt(b.length);
            out.write(b);
        }

        static byte[] readBytes(DataInputStream in) throws IOException {
            int length = in.readInt();
            if (length < 0 || length > Frame.MAX) {
                throw new IOException("a split of " + length + " bytes");
            }
            byte[] b = new byte[length];
            in.readFully(b);
            return b;
        }
    }

    private static final class SplitSerializer extends Serializer<Split> {
        @Override
        void write(Split split, DataOutputStream out) throws IOException {
            out.writeLong(split.sequence);
            writeBytes(split.data, out);
        }

        @Override
        Split read(DataInputStream in) throws IOException {
            return new Split(in.readLong(), readBytes(in));
        }
    }

    private static final class StateSerializer extends Serializer<State> {
        private final SplitSerializer splits = new SplitSerializer();

        @Override
        void write(State state, DataOutputStream out) throws IOException {
            out.writeLong(state.given);
            out.writeInt(state.crc);
            out.writeInt(state.marks.size());
            for (byte[] mark : state.marks) {
                writeBytes(mark, out);
            }
            out.writeInt(state.returned.size());
            for (Split split : state.returned) {
                splits.write(split, out);
            }
        }

        @Override
        State read(DataInputStream in) throws IOException {
            long given = in.readLong();
            int crc = in.readInt();
            List<byte[]> marks = new ArrayList<>();
            for (int n = in.readInt(); n > 0; n--) {
                marks.add(readBytes(in));
            }
            List<Split> returned = new ArrayList<>();
            for (int n = in.readInt(); n > 0; n--) {
                returned.add(splits.read(in));
            }
            return new State(given, crc, marks, returned);
        }
    }
}
