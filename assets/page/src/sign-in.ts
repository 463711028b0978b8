// All of the page where people sign in.

import "./styles/ground.css";
import "./styles/controls.css";
import "./styles/sign-in.css";
import { settle } from "./lib/base";
import { begin } from "./lib/sign-in";

settle();
begin();
