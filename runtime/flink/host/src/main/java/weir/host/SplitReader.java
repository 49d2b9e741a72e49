package weir.host;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;

/**
 * Brings splits to the operator behind, one for each that its worker wants, so that none waits where a barrier could not pass. It ends when there are no more and the
 * worker wants another one: when all have been read.
 */
final class SplitReader implements SourceReader<Packet, SplitSource.Split> {
    private final SourceReaderContext context;
    private final ArrayDeque<SplitSource.Split> held = new ArrayDeque<>();
    private CompletableFuture<Void> work = new CompletableFuture<>(); // completed when pollNext has something to do
    private SplitDesk desk;
    private boolean asked; // the enumerator, which has not answered
    private boolean noMore;

    SplitReader(SourceReaderContext context) {
        this.context = context;
    }

    @Override
    public void start() {
        desk = SplitDesk.meet(this::wake);
        wake();
    }

    private void wake() {
        work.complete(null);
    }

    @Override
    public InputStatus pollNext(ReaderOutput<Packet> output) {
        if (desk.wants() && !held.isEmpty()) {
            desk.served();
            output.collect(held.remove().packet());
            return InputStatus.MORE_AVAILABLE;
        }
        if (desk.wants() && noMore) {
            return InputStatus.END_OF_INPUT;
        }
        if (desk.wants() && !asked) {
            asked = true;
            context.sendSplitRequest();
        }
        if (work.isDone()) {
            work = new CompletableFuture<>();
        }
        return InputStatus.NOTHING_AVAILABLE;
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return work;
    }

    @Override
    public void addSplits(List<SplitSource.Split> splits) {
        asked = false;
        held.addAll(splits);
        wake();
    }

    @Override
    public void notifyNoMoreSplits() {
        noMore = true;
        wake();
    }

    @Override
    public List<SplitSource.Split> snapshotState(long checkpoint) {
        return new ArrayList<>(held);
    }

    @Override
    public void close() {
        held.clear();
    }
}
