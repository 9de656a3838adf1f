/** Makes the page one for a wall, as long as what it is attached to is shown: large, nothing but the board, and the screen stays on. */
export function wall(): () => void {
  const { classList } = document.documentElement;
  let lock: WakeLockSentinel | undefined;
  let isOver = false;

  async function stayOn() {
    if (document.visibilityState !== 'visible') return;
    try {
      lock = await navigator.wakeLock.request('screen');
      if (isOver) void lock.release();
    } catch {
      // Without https, or with little power left, the screen decides.
    }
  }

  classList.add('wall');
  // A page that was in the background has lost the lock.
  document.addEventListener('visibilitychange', stayOn);
  void stayOn();
  return () => {
    isOver = true;
    classList.remove('wall');
    document.removeEventListener('visibilitychange', stayOn);
    void lock?.release();
  };
}
