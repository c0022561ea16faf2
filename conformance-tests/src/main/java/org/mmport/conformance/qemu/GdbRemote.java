package org.mmport.conformance.qemu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;

/**
 * The part of gdb's remote protocol that is needed: registers, running and stopping, and QEMU's
 * monitor, whose commands {@code qRcmd} carries. Every answer is waited for with a limit.
 *
 * <p>Packets are not acknowledged: QEMU does not ask for it, and while it prints much it would not
 * read it, so that both would wait for ever.
 */
final class GdbRemote implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final SocketChannel channel;
  private final Selector selector;
  private final ByteBuffer received = ByteBuffer.allocate(1 << 16).limit(0);

  GdbRemote(SocketChannel channel) throws IOException {
    this.channel = channel;
    channel.configureBlocking(false);
    selector = Selector.open();
    channel.register(selector, SelectionKey.OP_READ);
  }

  /** Sends a request and returns the answer to it. */
  String ask(String request) {
    send(request);
    return receive();
  }

  /** What a command of QEMU's monitor prints. */
  String monitor(String command) {
    send("qRcmd," + HexFormat.of().formatHex(command.getBytes(StandardCharsets.US_ASCII)));
    StringBuilder printed = new StringBuilder();
    while (true) {
      String packet = receive();
      if (packet.equals("OK") || packet.isEmpty()) {
        return printed.toString();
      }
      if (packet.charAt(0) != 'O') {
        throw new QemuException("QEMU's monitor refuses '" + command + "': " + packet);
      }
      byte[] part = HexFormat.of().parseHex(packet, 1, packet.length());
      printed.append(new String(part, StandardCharsets.UTF_8));
    }
  }

  /** Lets the CPU run; nothing can be asked until {@link #interrupt}. */
  void resume() {
    send("c");
  }

  /** Stops the CPU. */
  void interrupt() {
    write(new byte[] {3});
    String why = receive();
    if (!why.startsWith("T") && !why.startsWith("S")) {
      throw new QemuException("QEMU was to stop and says '" + why + "'");
    }
  }

  private void send(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    int sum = 0;
    for (byte one : bytes) {
      sum += one & 0xff;
    }
    write("$%s#%02x".formatted(text, sum & 0xff).getBytes(StandardCharsets.ISO_8859_1));
  }

  private String receive() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (next(deadline) != '$') {
      // acknowledgements
    }
    StringBuilder packet = new StringBuilder();
    for (int c = next(deadline); c != '#'; c = next(deadline)) {
      packet.append((char) (c == '}' ? next(deadline) ^ 0x20 : c));
    }
    next(deadline);
    next(deadline);
    return packet.toString();
  }

  private int next(long deadline) {
    try {
      while (!received.hasRemaining()) {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
          throw new QemuException(
              "QEMU did not answer within %d s".formatted(PATIENCE.toSeconds()));
        }
        selector.select(millis);
        selector.selectedKeys().clear();
        received.clear();
        int count = channel.read(received);
        received.flip();
        if (count < 0) {
          throw new QemuException("QEMU ended while it was asked");
        }
      }
      return received.get() & 0xff;
    } catch (IOException e) {
      throw new QemuException("QEMU ended while it was asked: " + e.getMessage(), e);
    }
  }

  private void write(byte[] bytes) {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    try {
      while (out.hasRemaining()) {
        channel.write(out);
      }
    } catch (IOException e) {
      throw new QemuException("QEMU ended before it was asked: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}
