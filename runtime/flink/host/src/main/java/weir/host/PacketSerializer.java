package weir.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** How packets go over Flink's network: a length, and the bytes. */
public final class PacketSerializer extends TypeSerializerSingleton<Packet> {
    private static final long serialVersionUID = 1;

    static final PacketSerializer INSTANCE = new PacketSerializer();

    @Override
    public boolean isImmutableType() {
        return true;
    }

    @Override
    public Packet createInstance() {
        return new Packet(0, ByteBuffer.allocate(0));
    }

    @Override
    public Packet copy(Packet from) {
        return from;
    }

    @Override
    public Packet copy(Packet from, Packet reuse) {
        return from;
    }

    @Override
    public int getLength() {
        return -1;
    }

    @Override
    public void serialize(Packet packet, DataOutputView target) throws IOException {
        ByteBuffer data = packet.data();
        target.writeInt(data.remaining());
        target.write(data.array(), data.arrayOffset() + data.position(), data.remaining());
    }

    @Override
    public Packet deserialize(DataInputView source) throws IOException {
        byte[] data = new byte[source.readInt()];
        source.readFully(data);
        return new Packet(0, ByteBuffer.wrap(data));
    }

    @Override
    public Packet deserialize(Packet reuse, DataInputView source) throws IOException {
        return deserialize(source);
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
        int length = source.readInt();
        target.writeInt(length);
        target.write(source, length);
    }

    @Override
    public TypeSerializerSnapshot<Packet> snapshotConfiguration() {
        return new Snapshot();
    }

    /** Says in Flink's state what the serializer was. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Packet> {
        /** Made by Flink, by its name. */
        public Snapshot() {
            super(() -> INSTANCE);
        }
    }
}
