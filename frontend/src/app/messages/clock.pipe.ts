import { Pipe, PipeTransform } from '@angular/core';

// The reader's own locale: undefined is the browser's.
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** A time of day as the reader writes it: 14:05, or 02:05 PM. */
@Pipe({ name: 'clock' })
export class ClockPipe implements PipeTransform {
  transform(at: Date): string {
    return CLOCK.format(at);
  }
}
