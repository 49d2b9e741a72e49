package weir.host;

import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Flink's description of packets. */
final class PacketTypeInfo extends TypeInformation<Packet> {
    private static final long serialVersionUID = 1;

    static final PacketTypeInfo INSTANCE = new PacketTypeInfo();

    @Override
    public boolean isBasicType() {
        return false;
    }

    @Override
    public boolean isTupleType() {
        return false;
    }

    @Override
    public int getArity() {
        return 1;
    }

    @Override
    public int getTotalFields() {
        return 1;
    }

    @Override
    public Class<Packet> getTypeClass() {
        return Packet.class;
    }

    @Override
    public boolean isKeyType() {
        return false;
    }

    @Override
    public TypeSerializer<Packet> createSerializer(SerializerConfig config) {
        return PacketSerializer.INSTANCE;
    }

    @Override
    @Deprecated
    public TypeSerializer<Packet> createSerializer(ExecutionConfig config) {
        return PacketSerializer.INSTANCE;
    }

    @Override
    public String toString() {
        return "packet";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PacketTypeInfo;
    }

    @Override
    public int hashCode() {
        return 1;
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof PacketTypeInfo;
    }
}
