/** A wait that somebody may end early. Loops make one a step, and an AbortController for each is dear to the garbage collector. */
export interface Wait {
  over: Promise<void>;
  end(): void;
}

export function openWait(ms: number): Wait {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(() => end(), ms);
    end = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { over, end };
}
