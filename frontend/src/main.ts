import { bootstrapApplication } from '@angular/platform-browser';

import { pageAt } from './app/pages';

// Zoneless is Angular's default: signals alone say when something has to be drawn again.
pageAt(document.URL, document.baseURI)
  .then((page) => bootstrapApplication(page))
  .catch((error: unknown) => console.error(error));
