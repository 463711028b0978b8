// What the document loads: the field that stands in it takes what is typed, and the page is loaded behind it.

import "./styles/ground.css";
import "./styles/controls.css";
import "./styles/composer.css";
import { settle } from "./lib/base";
import { first } from "./lib/first";
import { around } from "./lib/frame";
import { idle } from "./lib/idle";

settle();
first.begin();
// A site speaks to its frame as soon as that is loaded.
around.entered = () => first.focus();
// The field is shown first.
void idle()
  .then(() => import("./main"))
  .catch(() => first.fail("late"));
