package weir.host;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.ChainingStrategy;
import org.apache.flink.streaming.api.transformations.OneInputTransformation;
import org.apache.flink.streaming.api.transformations.PartitionTransformation;
import org.apache.flink.streaming.api.transformations.SideOutputTransformation;
import org.apache.flink.streaming.api.transformations.SourceTransformation;
import org.apache.flink.streaming.api.transformations.UnionTransformation;
import org.apache.flink.util.OutputTag;

/** Makes a Flink job of a job file and runs it: {@code --job PATH}. */
public final class Main {
    /** Packets leave after so many milliseconds at the latest, where Flink's configuration does not say. */
    private static final long BUFFER_TIMEOUT = 5;

    private Main() {}

    /** Runs the job of a job file; the path may be of any file system that Flink knows. */
    public static void main(String[] args) throws Exception {
        requireFlink(EnvironmentInformation.getVersion());
        if (args.length != 2 || !args[0].equals("--job")) {
            throw new IllegalArgumentException("usage: --job PATH");
        }
        JobFile job = JobFile.read(args[1]);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        build(env, job);
        env.execute(job.name);
    }

    /** The host is built against interfaces of Flink that other lines do not keep. */
    static void requireFlink(String version) {
        if (!version.startsWith("1.20.")) {
            throw new IllegalStateException("weir runs on Flink 1.20, and this is Flink " + version);
        }
    }

    /** Adds the stages of a job to an environment. */
    static void build(StreamExecutionEnvironment env, JobFile job) {
        if (!env.getCheckpointConfig().isCheckpointingEnabled()) {
            throw new IllegalStateException("checkpoints are off, and with them nothing would ever be committed: set execution.checkpointing.interval");
        }
        Configuration fixed = new Configuration();
        fixed.set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.STREAMING);
        fixed.set(PipelineOptions.OBJECT_REUSE, true);
        fixed.set(PipelineOptions.OPERATOR_CHAINING, true); // a source and its stage speak to each other
        fixed.set(StateBackendOptions.STATE_BACKEND, "hashmap"); // it holds nothing: all state is raw
        if (env.getConfiguration().getOptional(ExecutionOptions.BUFFER_TIMEOUT).isEmpty()) {
            fixed.set(ExecutionOptions.BUFFER_TIMEOUT, Duration.ofMillis(BUFFER_TIMEOUT));
        }
        env.configure(fixed);
        env.setMaxParallelism(job.keyGroups);

        Map<Integer, Transformation<Packet>> built = new HashMap<>();
        for (JobFile.Stage stage : job.stages) {
            Transformation<Packet> input = stage.readsSplits() ? source(job, stage) : inputs(stage, built);
            OneInputTransformation<Packet, Packet> t =
                    new OneInputTransformation<>(input, stage.name, new StageOperator.Factory(job, stage), PacketTypeInfo.INSTANCE, stage.parallelism);
            t.setChainingStrategy(ChainingStrategy.ALWAYS);
            t.setMaxParallelism(job.keyGroups);
            t.setUid("stage " + stage.id);
            // Without a key there would be no key groups in its state; no packet has one.
            t.setStateKeySelector((KeySelector<Packet, Integer>) packet -> 0);
            t.setStateKeyType(Types.INT);
            t.declareManagedMemoryUseCaseAtOperatorScope(ManagedMemoryUseCase.OPERATOR, 1);
            built.put(stage.id, t);
            env.addOperator(t);
        }
    }

    private static Transformation<Packet> source(JobFile job, JobFile.Stage stage) {
        SplitSource source = new SplitSource(job, stage.id);
        SourceTransformation<Packet, SplitSource.Split, SplitSource.State> t =
                new SourceTransformation<>("splits of stage " + stage.id, source, WatermarkStrategy.noWatermarks(), PacketTypeInfo.INSTANCE, stage.parallelism);
        t.setMaxParallelism(job.keyGroups);
        t.setUid("splits " + stage.id);
        return t;
    }

    private static Transformation<Packet> inputs(JobFile.Stage stage, Map<Integer, Transformation<Packet>> built) {
        List<Transformation<Packet>> inputs = new ArrayList<>();
        for (int i = 0; i < stage.inputs.size(); i++) {
            OutputTag<Packet> tag = tag(new JobFile.Exchange(stage.id, i));
            inputs.add(new PartitionTransformation<>(new SideOutputTransformation<>(built.get(stage.inputs.get(i)), tag), new PacketPartitioner()));
        }
        return inputs.size() == 1 ? inputs.get(0) : new UnionTransformation<>(inputs);
    }

    static OutputTag<Packet> tag(JobFile.Exchange exchange) {
        return new OutputTag<>(exchange.tag(), PacketTypeInfo.INSTANCE);
    }
}
