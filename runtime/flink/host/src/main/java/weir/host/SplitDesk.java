package weir.host;

/**
 * Where a source's reader and the operator behind it meet, which are chained and so run in one thread: the operator says that its worker wants a split, the reader brings one.
 */
final class SplitDesk {
    /** The desk of the task whose thread it is. */
    private static final ThreadLocal<SplitDesk> CURRENT = new ThreadLocal<>();

    private int wanted;
    private Runnable reader;

    /** Called by the operator when it opens, which is before the reader starts. */
    static SplitDesk open() {
        CURRENT.set(new SplitDesk());
        return CURRENT.get();
    }

    /** Called by the operator when it closes. */
    static void leave(SplitDesk desk) {
        if (desk != null) {
            CURRENT.remove();
        }
    }

    /** Called by the reader when it starts; f is called for every split that is wanted. */
    static SplitDesk meet(Runnable f) {
        SplitDesk desk = CURRENT.get();
        if (desk == null) {
            throw new IllegalStateException("the source is not chained to its stage");
        }
        desk.reader = f;
        return desk;
    }

    void want() {
        wanted++;
        if (reader != null) {
            reader.run();
        }
    }

    boolean wants() {
        return wanted > 0;
    }

    void served() {
        wanted--;
    }
}
