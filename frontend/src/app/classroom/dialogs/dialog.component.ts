import { Component, ElementRef, input, output, signal, viewChild } from '@angular/core';

let dialogs = 0;

/**
 * A question in front of everything else: the browser's own `<dialog>`, which keeps the focus inside
 * and gives it back, and closes with Escape.
 */
@Component({
  selector: 'app-dialog',
  styleUrl: './dialog.component.css',
  template: `
    <dialog #dialog [attr.aria-labelledby]="titleId" (close)="opened.set(false)">
      <form method="dialog" (submit)="$event.preventDefault(); confirm()">
        <h2 [id]="titleId">{{ heading() }}</h2>
        @if (opened()) {
          <ng-content />
        }
        <div class="buttons">
          <button type="button" class="quiet" (click)="close()">
            @if (action()) {
              <ng-container i18n>Cancel</ng-container>
            } @else {
              <ng-container i18n>Close</ng-container>
            }
          </button>
          @if (action(); as action) {
            <button [class.danger]="danger()" [attr.aria-disabled]="allowed() ? null : true">
              {{ action }}
            </button>
          }
        </div>
      </form>
    </dialog>
  `,
})
export class DialogComponent {
  readonly heading = input.required<string>();
  /** What the button says that does it; without one there is nothing to do but to read. */
  readonly action = input('');
  readonly danger = input(false);
  /** Whether it may be done yet. */
  readonly allowed = input(true);
  readonly confirmed = output();

  protected readonly opened = signal(false);
  protected readonly titleId = `dialog-${(dialogs += 1)}`;
  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');

  open(): void {
    this.opened.set(true);
    this.dialog().nativeElement.showModal();
  }

  close(): void {
    this.dialog().nativeElement.close();
  }

  protected confirm(): void {
    if (!this.allowed()) return;
    this.close();
    this.confirmed.emit();
  }
}
