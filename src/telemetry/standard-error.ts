/** Lines on standard error, whose reader may be gone: a log nobody reads must not end who writes it. */

let lost = 0;
let listening = false;

/** Lines that could not be written so far. */
export function lostLogLines(): number {
  return lost;
}

/** Writes `line`; counts it if that fails, as it does once the reader of the pipe is gone or the disk is full. */
export function writeStandardError(line: string): void {
  if (!listening) process.stderr.on("error", () => {}); // the callback below has counted it
  listening = true;
  process.stderr.write(line, (error) => {
    if (error !== null && error !== undefined) lost++;
  });
}
