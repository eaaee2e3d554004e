/** gRPC calls straight on HTTP/2: where the library's client would cost more than the daemon it measures. */
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_CONTENT_TYPE, HTTP2_HEADER_TE } = constants;

/** Headers of a call of the method at `path`, such as `/p4.v1.P4Runtime/Write`. */
function headersOf(path: string): Readonly<Record<string, string>> {
  return {
    [HTTP2_HEADER_METHOD]: "POST",
    [HTTP2_HEADER_PATH]: path,
    [HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
    [HTTP2_HEADER_TE]: "trailers",
  };
}

/** What may be on its way to us: as much as clients with a window that grows as needed come to. */
const windowBytes = 4 * 1024 * 1024;

/** A stream that may send many messages with one write. */
export class MessageStream implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  #seen: (bytes: Buffer) => void = () => {};

  constructor(port: number, path: string) {
    this.#session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: windowBytes } });
    this.#session.on("connect", () => this.#session.setLocalWindowSize(windowBytes));
    this.#stream = this.#session.request(headersOf(path), { endStream: false });
    this.#stream.on("data", (bytes: Buffer) => this.#seen(bytes));
    this.#stream.on("error", () => {}); // ended by us
  }

  /** Resolves when the bytes, framed messages, have been taken. */
  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.#stream.write(bytes, () => resolve()));
  }

  /** From now on `received` gets what comes, cut anywhere. */
  watch(received: (bytes: Buffer) => void): void {
    this.#seen = received;
  }

  /** Resolves when something comes. */
  anything(): Promise<void> {
    return new Promise((resolve) => (this.#seen = () => resolve()));
  }

  /** Resolves when `text` has come. */
  saw(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#seen = (bytes) => {
        if (bytes.includes(text)) resolve();
      };
    });
  }

  [Symbol.dispose](): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#session.close();
  }
}

export class UnaryCalls implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(port: number, path: string) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#headers = headersOf(path);
  }

  /** Resolves when the call has ended well. @param message framed: flag and length in front */
  call(message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(this.#headers);
      stream.on("trailers", (trailers: IncomingHttpHeaders) => {
        if (trailers["grpc-status"] === "0") resolve();
        else reject(new Error(`grpc-status ${String(trailers["grpc-status"])}`));
      });
      stream.on("error", reject);
      stream.resume();
      stream.end(message);
    });
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }
}

/** `message` as gRPC puts it on the wire. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}
