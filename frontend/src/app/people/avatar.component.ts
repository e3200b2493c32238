import { Component, computed, input } from '@angular/core';

import { hueOf, letterOf } from './avatar';

/** A round sign for a name, so that the eye finds a person again; the name itself stands beside. */
@Component({
  selector: 'app-avatar',
  template: '{{ letter() }}',
  styleUrl: './avatar.component.css',
  host: { 'aria-hidden': 'true', '[style.--hue]': 'hue()' },
})
export class AvatarComponent {
  readonly name = input.required<string>();
  protected readonly letter = computed(() => letterOf(this.name()));
  protected readonly hue = computed(() => hueOf(this.name()));
}
