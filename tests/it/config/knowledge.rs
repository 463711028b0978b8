//! What is said of a knowledge that is set up, and not as somebody could want it.

use super::*;

#[test]
fn a_score_that_no_meaning_reaches_is_a_warning_where_meaning_is_searched() {
    let warnings = |score: &str, endpoint: &str| {
        let toml = format!("[knowledge]\nfolders = [\"/docs\"]\nmin_score = {score}\n{endpoint}");
        let mut warnings = load(&toml).unwrap().warnings;
        warnings.retain(|warning| warning.key == "knowledge.min_score");
        warnings
    };
    let endpoint = "[knowledge.embeddings]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n";
    assert_eq!(warnings("0.75", endpoint), []);
    assert_eq!(warnings("0.8", ""), []);
    let told = warnings("0.8", endpoint);
    assert_eq!(told.len(), 1);
    insta::assert_snapshot!(told[0].render_warning(false));
}
