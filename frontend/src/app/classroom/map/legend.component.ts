import { Component } from '@angular/core';

/** What the signs of the map say. */
@Component({
  selector: 'app-legend',
  styleUrls: ['./cell.css', './legend.component.css'],
  template: `
    <ul aria-label="Signs" i18n-aria-label>
      <li>
        <span class="cell" data-level="4" aria-hidden="true">▶</span
        ><ng-container i18n>is here</ng-container>
      </li>
      <li>
        <span class="cell" data-level="2" aria-hidden="true">•</span
        ><ng-container i18n>step reached</ng-container>
      </li>
      <li>
        <span class="cell" data-level="1" aria-hidden="true">…</span
        ><ng-container i18n>exercise begun</ng-container>
      </li>
      <li>
        <span class="cell open" data-level="1" aria-hidden="true">3×</span
        ><ng-container i18n>tried, not solved</ng-container>
      </li>
      <li>
        <span class="cell" data-level="4" aria-hidden="true">✔</span
        ><ng-container i18n>solved; lesson finished</ng-container>
      </li>
      <li>
        <span class="cell hinted" data-level="4" aria-hidden="true">✔</span
        ><ng-container i18n>with hints</ng-container>
      </li>
      <li>
        <span class="cell" data-level="1" aria-hidden="true">◔</span
        ><span class="cell" data-level="3" aria-hidden="true">◕</span
        ><ng-container i18n>part of a lesson</ng-container>
      </li>
    </ul>
  `,
})
export class LegendComponent {}
