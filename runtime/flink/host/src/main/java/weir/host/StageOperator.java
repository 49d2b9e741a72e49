package weir.host;

import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.core.memory.DataOutputViewStreamWrapper;
import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.runtime.execution.Environment;
import org.apache.flink.runtime.io.network.api.writer.ResultPartitionWriter;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyGroupStatePartitionStreamProvider;
import org.apache.flink.runtime.state.KeyedStateCheckpointOutputStream;
import org.apache.flink.runtime.state.OperatorStateCheckpointOutputStream;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StatePartitionStreamProvider;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.graph.NonChainedOutput;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.StreamTask;
import org.apache.flink.util.OutputTag;

/** One subtask of a stage: a worker process does the work; packets, state and commits go through here. All of it runs in the task's thread. */
final class StageOperator extends AbstractStreamOperator<Packet> implements OneInputStreamOperator<Packet, Packet>, BoundedOneInput {
    private static final long serialVersionUID = 1;

    /** Frames that one mail of the task's mailbox handles, so that others have their turn. */
    private static final int FRAMES_PER_MAIL = 64;
    /** What a worker gets at least, however small the slot's managed memory is. */
    private static final long LEAST_MEMORY = 32 << 20;
    /** Behind the pieces of a key group, since a stream of raw state does not end there. */
    private static final int GROUP_END = -1;

    private final transient JobFile job;
    private final transient JobFile.Stage stage;
    private final transient MailboxExecutor mailbox;

    private transient Worker worker;
    private transient SplitDesk desk; // of a stage that reads splits
    private transient List<Output> outputs;
    private transient KeyGroupRange keyGroups;
    private transient int unconsumed; // DATA frames
    private transient boolean ready;
    private transient boolean drained;
    private transient Frame firstOfState; // between prepareSnapshotPreBarrier and snapshotState
    private transient long watermark;
    private transient Map<String, LongCounter> counters;
    private transient long workerMemory;

    /** The sending end of an exchange. */
    private static final class Output {
        final OutputTag<Packet> tag;
        final int tasks;

        Output(OutputTag<Packet> tag, int tasks) {
            this.tag = tag;
            this.tasks = tasks;
        }
    }

    private StageOperator(JobFile job, JobFile.Stage stage, MailboxExecutor mailbox) {
        this.job = job;
        this.stage = stage;
        this.mailbox = mailbox;
    }

    /** Makes the operators of a stage. */
    static final class Factory extends AbstractStreamOperatorFactory<Packet> implements OneInputStreamOperatorFactory<Packet, Packet> {
        private static final long serialVersionUID = 1;

        private final JobFile job;
        private final JobFile.Stage stage;

        Factory(JobFile job, JobFile.Stage stage) {
            this.job = job;
            this.stage = stage;
        }

        @Override
        @SuppressWarnings({"unchecked", "deprecation"})
        public <T extends StreamOperator<Packet>> T createStreamOperator(StreamOperatorParameters<Packet> p) {
            StageOperator operator = new StageOperator(job, stage, p.getMailboxExecutor());
            operator.setProcessingTimeService(processingTimeService);
            operator.setup(p.getContainingTask(), p.getStreamConfig(), p.getOutput());
            return (T) operator;
        }

        @Override
        @SuppressWarnings("rawtypes")
        public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader loader) {
            return StageOperator.class;
        }
    }

    // The beginning.

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        Environment env = getContainingTask().getEnvironment();
        int task = env.getTaskInfo().getIndexOfThisSubtask();
        int tasks = env.getTaskInfo().getNumberOfParallelSubtasks();
        keyGroups = KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex(job.keyGroups, tasks, task);
        outputs = outputs();
        counters = new HashMap<>();
        watermark = Long.MIN_VALUE;
        String[] folders = env.getTaskManagerInfo().getTmpDirectories();
        long memory = memory(env);
        String name = "the worker of stage " + stage.id + ", task " + task;
        worker = Worker.start(job.worker, name, new File(folders[task % folders.length]), memory);
        getContainingTask().getCancelables().registerCloseable(worker::end);
        getMetricGroup().addGroup("weir").gauge("memory", (Gauge<Long>) () -> workerMemory);

        OptionalLong restored = context.getRestoredCheckpointId();
        ObjectNode open = job.open("stage", stage.id, memory, worker.temp());
        open.put("task", task).put("tasks", tasks).put("restored", restored.orElse(0));
        ArrayNode list = open.putArray("outputs");
        for (int i = 0; i < outputs.size(); i++) {
            JobFile.Exchange to = stage.outputs.get(i);
            list.addObject().put("stage", to.stage).put("input", to.input).put("tasks", outputs.get(i).tasks);
        }
        worker.send(Frame.OPEN, ByteBuffer.wrap(JobFile.JSON.writeValueAsBytes(open)));
        if (restored.isPresent()) {
            restore(context);
        }
    }

    /** The exchanges that read the stage. How many subtasks receive is known to the execution alone: the scheduler may have had fewer slots than asked for. */
    private List<Output> outputs() {
        StreamTask<?, ?> task = getContainingTask();
        ResultPartitionWriter[] writers = task.getEnvironment().getAllWriters();
        Map<String, Integer> tasks = new HashMap<>();
        int i = 0;
        for (NonChainedOutput output : task.getConfiguration().getVertexNonChainedOutputs(getUserCodeClassloader())) {
            tasks.put(output.getOutputTag().getId(), writers[i++].getNumberOfSubpartitions());
        }
        List<Output> found = new ArrayList<>();
        for (JobFile.Exchange to : stage.outputs) {
            found.add(new Output(Main.tag(to), tasks.get(to.tag())));
        }
        return found;
    }

    /** What the worker may take: what the job says, or the stage's share of the slot's managed memory. */
    private long memory(Environment env) {
        if (job.memory > 0) {
            return job.memory;
        }
        double share = getOperatorConfig().getManagedMemoryFractionOperatorUseCaseOfSlot(ManagedMemoryUseCase.OPERATOR, env.getJobConfiguration(),
                env.getTaskManagerInfo().getConfiguration(), getUserCodeClassloader());
        return Math.max(LEAST_MEMORY, env.getMemoryManager().computeMemorySize(share));
    }

    private void restore(StateInitializationContext context) throws Exception {
        for (KeyGroupStatePartitionStreamProvider group : context.getRawKeyedStateInputs()) {
            DataInputStream in = new DataInputStream(group.getStream());
            for (int length = in.readInt(); length != GROUP_END; length = in.readInt()) {
                worker.send(Frame.RESTORE_GROUP, Frame.number(group.getKeyGroupId()), read(in, length));
            }
        }
        for (StatePartitionStreamProvider item : context.getRawOperatorStateInputs()) {
            DataInputStream in = new DataInputStream(item.getStream());
            worker.send(Frame.RESTORE_ITEM, read(in, in.readInt()));
        }
    }

    private static ByteBuffer read(DataInputStream in, int length) throws IOException {
        if (length < 0 || length > Frame.MAX) {
            throw new IOException("the checkpoint is damaged: a piece of state of " + length + " bytes");
        }
        byte[] piece = new byte[length];
        in.readFully(piece);
        return ByteBuffer.wrap(piece);
    }

    @Override
    public void open() throws Exception {
        super.open();
        worker.send(Frame.START);
        await(Frame.READY);
        ready = true;
        if (stage.readsSplits()) {
            desk = SplitDesk.open();
        }
        worker.onFrames(this::post);
    }

    /** Has the task's thread handle what has come; called by the thread that reads frames. */
    private void post() {
        try {
            mailbox.execute(this::handleAll, "frames of the worker");
        } catch (RejectedExecutionException e) {
            LOG.debug("the task ends: {}", e.toString());
        }
    }

    // What goes to the worker.

    @Override
    public void processElement(StreamRecord<Packet> record) throws Exception {
        ByteBuffer data = record.getValue().data();
        if (stage.readsSplits()) {
            worker.send(Frame.SPLIT, data);
            return;
        }
        while (unconsumed >= JobFile.WINDOW) {
            handle(worker.take());
        }
        worker.send(Frame.DATA, data);
        unconsumed++;
    }

    @Override
    public void endInput() throws Exception {
        worker.send(Frame.END_INPUT);
        await(Frame.DRAINED);
        drained = true;
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        worker.send(Frame.BARRIER, Frame.number(checkpoint));
        firstOfState = await(Frame.GROUP, Frame.ITEM, Frame.SNAPSHOT);
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        Frame frame = firstOfState;
        firstOfState = null;
        int group = -1;
        if (frame.kind == Frame.GROUP) {
            KeyedStateCheckpointOutputStream out = context.getRawKeyedOperatorStateOutput();
            DataOutputViewStreamWrapper data = new DataOutputViewStreamWrapper(out);
            for (; frame.kind == Frame.GROUP; frame = nextOfState()) {
                int of = frame.u32(0);
                worker.expect(frame, of >= group && keyGroups.contains(of));
                if (of != group) {
                    if (group >= 0) {
                        data.writeInt(GROUP_END);
                    }
                    out.startNewKeyGroup(of);
                    group = of;
                }
                write(data, frame.payload(4, 0));
            }
            data.writeInt(GROUP_END);
        }
        if (frame.kind == Frame.ITEM) {
            OperatorStateCheckpointOutputStream out = context.getRawOperatorStateOutput();
            DataOutputViewStreamWrapper data = new DataOutputViewStreamWrapper(out);
            for (; frame.kind == Frame.ITEM; frame = nextOfState()) {
                out.startNewPartition();
                write(data, frame.payload(0, 0));
            }
        }
        worker.expect(frame, frame.kind == Frame.SNAPSHOT && frame.u64(0) == context.getCheckpointId());
    }

    private static void write(DataOutputViewStreamWrapper out, ByteBuffer piece) throws IOException {
        out.writeInt(piece.remaining());
        out.write(piece.array(), piece.position(), piece.remaining());
    }

    /** The next frame of a snapshot. Packets may not come within it: they would be behind the barrier for the receiver, and before it for the sender. */
    private Frame nextOfState() throws Exception {
        while (true) {
            Frame frame = worker.take();
            if (frame.kind == Frame.GROUP || frame.kind == Frame.ITEM || frame.kind == Frame.SNAPSHOT) {
                return frame;
            }
            worker.expect(frame, frame.kind != Frame.OUT);
            handle(frame);
        }
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) throws Exception {
        super.notifyCheckpointComplete(checkpoint);
        worker.send(Frame.COMMIT, Frame.number(checkpoint));
        Frame committed = await(Frame.COMMITTED);
        worker.expect(committed, committed.u64(0) == checkpoint);
    }

    @Override
    public void close() throws Exception {
        SplitDesk.leave(desk);
        try {
            super.close();
        } finally {
            if (worker != null) {
                worker.close();
            }
        }
    }

    // What comes from the worker.

    /** Handles what comes until a frame of one of the kinds does. */
    private Frame await(int... kinds) throws Exception {
        while (true) {
            Frame frame = worker.take();
            for (int kind : kinds) {
                if (frame.kind == kind) {
                    return frame;
                }
            }
            handle(frame);
        }
    }

    private void handleAll() throws Exception {
        for (int i = 0; i < FRAMES_PER_MAIL; i++) {
            Frame frame = worker.poll();
            if (frame == null) {
                return;
            }
            handle(frame);
        }
        post();
    }

    /** Handles a frame that may come at any time. */
    private void handle(Frame frame) throws Exception {
        switch (frame.kind) {
            case Frame.OUT:
                worker.expect(frame, ready && !drained && frame.u16(0) < outputs.size());
                Output to = outputs.get(frame.u16(0));
                int subtask = frame.u32(2);
                worker.expect(frame, subtask < to.tasks);
                output.collect(to.tag, new StreamRecord<>(new Packet(subtask, frame.payload(6, 0))));
                break;
            case Frame.CONSUMED:
                int n = frame.u32(0);
                worker.expect(frame, n <= unconsumed);
                unconsumed -= n;
                break;
            case Frame.WANT_SPLIT:
                worker.expect(frame, desk != null);
                desk.want();
                break;
            case Frame.WATERMARK:
                long t = frame.u64(0);
                if (ready && t > watermark) {
                    watermark = t;
                    output.emitWatermark(new Watermark(t));
                }
                break;
            case Frame.METRICS:
                count(JobFile.JSON.readTree(frame.text(0)));
                break;
            default:
                worker.expect(frame, false);
        }
    }

    /** Keeps what a worker has counted, absolute numbers, as accumulators and as gauges. */
    private void count(JsonNode metrics) {
        workerMemory = metrics.path("memory").asLong();
        metrics.path("nodes").fields().forEachRemaining(node -> node.getValue().fields().forEachRemaining(counter -> {
            LongCounter c = counters.computeIfAbsent("weir." + node.getKey() + "." + counter.getKey(), name -> {
                LongCounter made = new LongCounter();
                getRuntimeContext().addAccumulator(name, made);
                getMetricGroup().addGroup("weir").addGroup(node.getKey()).gauge(counter.getKey(), (Gauge<Long>) made::getLocalValuePrimitive);
                return made;
            });
            c.add(counter.getValue().asLong() - c.getLocalValuePrimitive());
        }));
    }

    // What the worker does by itself.

    @Override
    public void processWatermark(Watermark mark) {}

    @Override
    protected boolean isUsingCustomRawKeyedState() {
        return true;
    }

    @Override
    public void setKeyContextElement1(@SuppressWarnings("rawtypes") StreamRecord record) {}

    @Override
    public void setKeyContextElement(StreamRecord<Packet> record) {}
}
