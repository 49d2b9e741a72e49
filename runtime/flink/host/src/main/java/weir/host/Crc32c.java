package weir.host;

/** CRC-32C that goes on from a number that was kept, which java.util.zip.CRC32C cannot. */
final class Crc32c {
    private static final int[] TABLE = new int[256];

    static {
        for (int i = 0; i < TABLE.length; i++) {
            int c = i;
            for (int bit = 0; bit < 8; bit++) {
                c = (c & 1) != 0 ? c >>> 1 ^ 0x82f63b78 : c >>> 1;
            }
            TABLE[i] = c;
        }
    }

    private Crc32c() {}

    /** The checksum of what crc is the checksum of, and data behind it; 0 is that of nothing. */
    static int update(int crc, byte[] data) {
        int c = ~crc;
        for (byte b : data) {
            c = TABLE[(c ^ b) & 0xff] ^ c >>> 8;
        }
        return ~c;
    }
}
