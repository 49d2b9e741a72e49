package weir.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** What host and worker send each other: length, CRC-32C, kind, payload. */
final class Frame {
    // Host to worker.
    static final int OPEN = 1;
    static final int RESTORE_GROUP = 2;
    static final int RESTORE_ITEM = 3;
    static final int START = 4;
    static final int DATA = 5;
    static final int SPLIT = 6;
    static final int END_INPUT = 7;
    static final int BARRIER = 8;
    static final int COMMIT = 9;
    static final int STOP = 10;
    // Worker to host.
    static final int HELLO = 64;
    static final int READY = 65;
    static final int OUT = 66; // called DATA in the contract as well
    static final int CONSUMED = 67;
    static final int WANT_SPLIT = 68;
    static final int GROUP = 69;
    static final int ITEM = 70;
    static final int SNAPSHOT = 71;
    static final int COMMITTED = 72;
    static final int DRAINED = 73;
    static final int METRICS = 74;
    static final int FAILED = 75;
    static final int NEXT_SPLIT = 76; // called SPLIT in the contract as well
    static final int SPLITS_END = 77;
    static final int WATERMARK = 78;

    /** The version of the protocol. */
    static final int PROTOCOL = 1;
    /** The most bytes of kind and payload. */
    static final int MAX = 64 << 20;

    private static final int HEAD = 8;
    /** What a length that is not borne out can make the reader allocate. */
    private static final int TRUSTED = 4 << 20;

    final int kind;
    private final ByteBuffer body; // the kind, then the payload

    private Frame(byte[] body) {
        this.kind = body[0] & 0xff;
        this.body = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Reads a frame; null at the end of the stream, between two frames. */
    static Frame read(InputStream in) throws IOException {
        byte[] head = new byte[HEAD];
        int n = in.readNBytes(head, 0, HEAD);
        if (n == 0) {
            return null;
        }
        if (n < HEAD) {
            throw new FrameException("it is cut off");
        }
        ByteBuffer numbers = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        long length = Integer.toUnsignedLong(numbers.getInt());
        if (length < 1 || length > MAX) {
            throw new FrameException("it says that it has " + length + " bytes");
        }
        byte[] body;
        if (length <= TRUSTED) {
            body = new byte[(int) length];
            n = in.readNBytes(body, 0, body.length);
        } else {
            body = in.readNBytes((int) length); // grows with what comes
            n = body.length;
        }
        if (n < length) {
            throw new FrameException("it is cut off");
        }
        CRC32C crc = new CRC32C();
        crc.update(body, 0, body.length);
        if ((int) crc.getValue() != numbers.getInt()) {
            throw new FrameException("its checksum is another");
        }
        return new Frame(body);
    }

    /** Writes a frame; its payload is the parts, one behind the other. They are left as they are. */
    static void write(OutputStream out, int kind, ByteBuffer... parts) throws IOException {
        long length = 1;
        CRC32C crc = new CRC32C();
        crc.update(kind);
        for (ByteBuffer part : parts) {
            length += part.remaining();
            crc.update(part.duplicate());
        }
        if (length > MAX) {
            throw new FrameException("it would have " + length + " bytes, and " + MAX + " are allowed");
        }
        ByteBuffer head = ByteBuffer.allocate(HEAD + 1).order(ByteOrder.LITTLE_ENDIAN);
        head.putInt((int) length).putInt((int) crc.getValue()).put((byte) kind);
        out.write(head.array());
        for (ByteBuffer part : parts) {
            out.write(part.array(), part.arrayOffset() + part.position(), part.remaining());
        }
    }

    /** Numbers as a payload has them. */
    static ByteBuffer number(int x) {
        return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(x).flip();
    }

    static ByteBuffer number(long x) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(x).flip();
    }

    /** The bytes of memory that the frame takes. */
    int size() {
        return body.capacity() + 64;
    }

    int u16(int at) throws IOException {
        return payload(at, 2).getShort() & 0xffff;
    }

    int u32(int at) throws IOException {
        int x = payload(at, 4).getInt();
        if (x < 0) {
            throw new FrameException(this + " has a number that is too large");
        }
        return x;
    }

    long u64(int at) throws IOException {
        return payload(at, 8).getLong();
    }

    /** The payload from `at` on, of which at least `least` bytes must be there. */
    ByteBuffer payload(int at, int least) throws IOException {
        if (least < 0 || body.capacity() - 1 - at < least) {
            throw new FrameException(this + " is too short");
        }
        return body.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(1 + at);
    }

    /** The payload from `at` on, copied. */
    byte[] bytes(int at) throws IOException {
        ByteBuffer b = payload(at, 0);
        byte[] copy = new byte[b.remaining()];
        b.get(copy);
        return copy;
    }

    String text(int at) throws IOException {
        return new String(bytes(at), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "a frame of kind " + kind + " with " + (body.capacity() - 1) + " bytes";
    }

    /** Bytes that are no frame, or a frame that may not come. */
    static final class FrameException extends IOException {
        private static final long serialVersionUID = 1;

        FrameException(String what) {
            super("damaged frame: " + what);
        }
    }
}
