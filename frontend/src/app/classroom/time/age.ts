const MINUTE = 60_000;

/** How long something has lasted, in as few words as are needed: "4 min", "1 h 5 min". */
export function spell(milliseconds: number): string {
  const minutes = Math.floor(Math.max(0, milliseconds) / MINUTE);
  if (minutes < 1) return $localize`< 1 min`;
  if (minutes < 60) return $localize`${minutes}:minutes: min`;
  return $localize`${Math.floor(minutes / 60)}:hours: h ${minutes % 60}:minutes: min`;
}

/** A duration as people time themselves, minutes and seconds: 4:05. */
export function stopwatch(milliseconds: number): string {
  const seconds = Math.round(Math.max(0, milliseconds) / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
