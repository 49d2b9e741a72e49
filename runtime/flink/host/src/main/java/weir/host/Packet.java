package weir.host;

import java.nio.ByteBuffer;

/** Opaque bytes from worker to worker, for one subtask of an exchange; or a split for a worker. It does not change. */
final class Packet {
    /** The subtask that it is addressed to. Not part of what is sent over the network: there it has arrived. */
    final int subtask;

    private final ByteBuffer data;

    Packet(int subtask, ByteBuffer data) {
        this.subtask = subtask;
        this.data = data;
    }

    /** The bytes, at which the caller may advance. */
    ByteBuffer data() {
        return data.duplicate();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Packet && subtask == ((Packet) other).subtask && data.equals(((Packet) other).data);
    }

    @Override
    public int hashCode() {
        return data.hashCode();
    }

    @Override
    public String toString() {
        return "packet of " + data.remaining() + " bytes for subtask " + subtask;
    }
}
