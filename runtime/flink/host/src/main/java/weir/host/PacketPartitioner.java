package weir.host;

import org.apache.flink.runtime.io.network.api.writer.SubtaskStateMapper;
import org.apache.flink.runtime.plugable.SerializationDelegate;
import org.apache.flink.streaming.runtime.partitioner.StreamPartitioner;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Sends a packet to the subtask that it is addressed to. */
final class PacketPartitioner extends StreamPartitioner<Packet> {
    private static final long serialVersionUID = 1;

    PacketPartitioner() {
        // A packet that is part of a checkpoint would have the address of an execution of before.
        disableUnalignedCheckpoints();
    }

    @Override
    public int selectChannel(SerializationDelegate<StreamRecord<Packet>> record) {
        return record.getInstance().getValue().subtask;
    }

    @Override
    public StreamPartitioner<Packet> copy() {
        return this;
    }

    @Override
    public boolean isPointwise() {
        return false;
    }

    @Override
    public SubtaskStateMapper getDownstreamSubtaskStateMapper() {
        return SubtaskStateMapper.UNSUPPORTED;
    }

    @Override
    public String toString() {
        return "ADDRESSED";
    }
}
