import { bootstrapApplication } from '@angular/platform-browser';

import { AppComponent } from './app/app.component';

// Zoneless is Angular's default: signals alone say when something has to be drawn again.
bootstrapApplication(AppComponent).catch((error: unknown) => console.error(error));
