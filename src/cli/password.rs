//! `askd hash-password`: from a password that somebody types, or a program hands over, to what stands in the configuration.

use std::{
    io::{self, IsTerminal, Read, Write as _},
    process::ExitCode,
};

use super::{EXIT_CONFIG, complain};
use crate::auth::password;

/// Letters of a password; fewer are guessed. OWASP and NIST (SP 800-63B) name 8 as the least.
const LEAST: usize = 8;
/// Bytes that are read where a program hands the password over; the sign-in takes no longer one.
const MOST: u64 = 1024;

/// Prints the hash of a password: one that is typed twice without being shown, or the one line that is piped in.
pub(super) fn hash() -> ExitCode {
    let hashed = read()
        .and_then(fit)
        .and_then(|password| password::hash(&password).map_err(|error| error.to_string()));
    match hashed {
        Ok(hash) => {
            // Nobody is left to tell when standard output is closed.
            let _ = writeln!(io::stdout(), "{hash}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            complain(&format!("error: {why}"));
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

fn read() -> Result<String, String> {
    let failed = |error: io::Error| format!("the password cannot be read: {error}");
    if !io::stdin().is_terminal() {
        let mut piped = String::new();
        let mut input = io::stdin().lock().take(MOST + 3);
        input.read_to_string(&mut piped).map_err(failed)?;
        return one_line(&piped).map(str::to_owned);
    }
    let first = rpassword::prompt_password("Password: ").map_err(failed)?;
    let second = rpassword::prompt_password("Once more: ").map_err(failed)?;
    match first == second {
        true => Ok(first),
        false => Err("the two are not the same; run askd hash-password again".to_owned()),
    }
}

/// What is piped in without the end of its line; half of it would be a password that nobody meant.
fn one_line(piped: &str) -> Result<&str, String> {
    let line = piped.strip_suffix('\n').unwrap_or(piped);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r']) {
        return Err(
            "a password is one line, and more than one came; send only the password".to_owned(),
        );
    }
    Ok(line)
}

fn fit(password: String) -> Result<String, String> {
    if password.chars().count() < LEAST {
        return Err(format!(
            "a password has at least {LEAST} letters; choose a longer one"
        ));
    }
    if password.len() as u64 > MOST {
        return Err(format!(
            "a password has at most {MOST} bytes; choose a shorter one"
        ));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_pipe_one_line_is_the_password_and_its_end_is_not() {
        for whole in ["a b c d e", "a b c d e\n", "a b c d e\r\n"] {
            assert_eq!(one_line(whole), Ok("a b c d e"), "{whole:?}");
        }
        for more in ["abcdefgh\nijklmnop", "abcdefgh\n\n", "abcdefgh\rijklmnop"] {
            assert!(one_line(more).is_err(), "{more:?}");
        }
    }
}
