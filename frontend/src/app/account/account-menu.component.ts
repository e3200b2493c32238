import { Component, inject } from '@angular/core';

import { Account } from './account';

@Component({
  selector: 'app-account-menu',
  templateUrl: './account-menu.component.html',
  styleUrl: './account-menu.component.css',
})
export class AccountMenuComponent {
  protected readonly account = inject(Account);

  /** Read at the last moment: Django changes the token when somebody logs in elsewhere. */
  protected fillIn(token: HTMLInputElement): void {
    token.value = this.account.csrfToken();
  }
}
