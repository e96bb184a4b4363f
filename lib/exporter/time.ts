/** Sets the time of the last change of a file or folder; links are followed. */
export function setTime(path: string, time: Date): void {
  try {
    Deno.utimeSync(path, time, time);
  } catch (error) {
    // Before Deno 2.9 a time before 1970 had to be in whole seconds.
    if (!(error instanceof TypeError) || time.getTime() >= 0) throw error;
    const whole = new Date(Math.floor(time.getTime() / 1000) * 1000);
    Deno.utimeSync(path, whole, whole);
  }
}
