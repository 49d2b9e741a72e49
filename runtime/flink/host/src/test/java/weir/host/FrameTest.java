package weir.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class FrameTest {
    private static byte[] frame(int kind, byte[]... parts) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Frame.write(out, kind, Arrays.stream(parts).map(ByteBuffer::wrap).toArray(ByteBuffer[]::new));
        return out.toByteArray();
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Random random = new Random(1);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[][] payloads = new byte[40][];
        for (int i = 0; i < payloads.length; i++) {
            payloads[i] = new byte[i == 7 ? 9 << 20 : random.nextInt(2000)];
            random.nextBytes(payloads[i]);
            int cut = payloads[i].length / 3;
            out.write(frame(i + 1, Arrays.copyOf(payloads[i], cut), Arrays.copyOfRange(payloads[i], cut, payloads[i].length)));
        }
        ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
        for (int i = 0; i < payloads.length; i++) {
            Frame f = Frame.read(in);
            assertEquals(i + 1, f.kind);
            assertArrayEquals(payloads[i], f.bytes(0));
        }
        assertNull(Frame.read(in));
    }

    /** As runtime/flink/protocol writes it. */
    @Test
    void bytesOfTheContract() throws IOException {
        byte[] got = frame(Frame.BARRIER, new byte[] {77, 0, 0, 0, 0, 0, 0, 0});
        CRC32C crc = new CRC32C();
        crc.update(got, 8, 9);
        assertArrayEquals(new byte[] {9, 0, 0, 0}, Arrays.copyOf(got, 4));
        assertEquals((int) crc.getValue(), ByteBuffer.wrap(got, 4, 4).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt());
        assertArrayEquals(new byte[] {8, 77, 0, 0, 0, 0, 0, 0, 0}, Arrays.copyOfRange(got, 8, 17));
    }

    @Test
    void everyChangeAndEveryCutIsNoticed() throws IOException {
        byte[] whole = frame(Frame.GROUP, new byte[] {1, 2, 3, 4, 5, 6});
        for (int i = 0; i < whole.length; i++) {
            byte[] changed = whole.clone();
            changed[i] ^= 0x41;
            assertThrows(Frame.FrameException.class, () -> Frame.read(new ByteArrayInputStream(changed)));
            if (i > 0) {
                byte[] cut = Arrays.copyOf(whole, i);
                assertThrows(Frame.FrameException.class, () -> Frame.read(new ByteArrayInputStream(cut)));
            }
        }
        assertThrows(Frame.FrameException.class, () -> frame(Frame.DATA, new byte[Frame.MAX]));
    }

    /** Random bytes, and frames with bytes changed, removed and added: a frame, the end, or an error, and nothing else; what is read is never more than there was. */
    @Test
    void anyBytes() {
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            try {
                if (seed % 2 == 0) {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    for (int i = random.nextInt(4); i >= 0; i--) {
                        out.write(frame(random.nextInt(256), Arrays.copyOf(bytes, random.nextInt(bytes.length + 1))));
                    }
                    bytes = out.toByteArray();
                    for (int i = random.nextInt(3); i > 0; i--) {
                        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                    }
                    bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                }
                ByteArrayInputStream in = new ByteArrayInputStream(bytes);
                Frame f;
                while ((f = Frame.read(in)) != null) {
                    assertTrue(f.bytes(0).length <= bytes.length);
                    read(f);
                }
            } catch (Frame.FrameException e) {
                assertTrue(e.getMessage().startsWith("damaged frame"), e::getMessage);
            } catch (IOException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static void read(Frame f) throws IOException {
        switch (f.kind % 4) {
            case 0:
                f.payload(4, f.u32(0));
                break;
            case 1:
                f.u64(2);
                break;
            case 2:
                f.u16(0);
                break;
            default:
                f.text(0);
        }
    }

    @Test
    void checksumsGoOn() {
        byte[] data = "the bytes of all splits given, in order".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        CRC32C whole = new CRC32C();
        whole.update(data, 0, data.length);
        for (int i = 0; i <= data.length; i++) {
            int crc = Crc32c.update(Crc32c.update(0, Arrays.copyOf(data, i)), Arrays.copyOfRange(data, i, data.length));
            assertEquals((int) whole.getValue(), crc);
        }
    }
}
