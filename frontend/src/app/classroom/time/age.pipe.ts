import { Pipe, PipeTransform } from '@angular/core';

import { spell } from './age';

/** How long ago a moment was: `hand.since | age: now()`. */
@Pipe({ name: 'age' })
export class AgePipe implements PipeTransform {
  transform(since: string, now: number): string {
    return spell(now - Date.parse(since));
  }
}
