use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
};

use super::*;

struct Tree(tempfile::TempDir);

impl Tree {
    fn of(files: &[&str]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for file in files {
            let path = tree.path(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        tree
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    fn walk(&self, include: &[&str], exclude: &[&str]) -> Walk {
        let owned = |globs: &[&str]| {
            globs
                .iter()
                .map(|glob| (*glob).to_owned())
                .collect::<Vec<_>>()
        };
        walk(
            self.0.path(),
            &Globs::new(&owned(include), &owned(exclude)).unwrap(),
        )
    }

    fn names(&self, include: &[&str], exclude: &[&str]) -> Vec<String> {
        let walk = self.walk(include, exclude);
        assert_eq!(walk.problems, []);
        walk.files.into_iter().map(|file| file.path).collect()
    }
}

#[test]
fn files_come_in_order_and_hidden_or_foreign_ones_not_at_all() {
    let tree = Tree::of(&[
        "b.md",
        "a/z.txt",
        "a.html",
        ".git/config.txt",
        "a/.hidden.md",
        "image.png",
        "a-b/c.PDF",
    ]);
    assert_eq!(
        tree.names(&[], &[]),
        ["a-b/c.PDF", "a.html", "a/z.txt", "b.md"]
    );
    let walk = tree.walk(&[], &[]);
    assert_eq!(
        (walk.files[3].kind, walk.files[3].bytes),
        (Kind::Markdown, 4)
    );
    assert_eq!(walk.files[3].read().unwrap(), b"text");
    assert!(walk.files[3].modified > SystemTime::UNIX_EPOCH);
    assert_eq!(tree.walk(&[], &[]), walk);
}

#[test]
fn globs_choose_by_name_by_path_or_by_folder() {
    let tree = Tree::of(&[
        "a.md",
        "a.txt",
        "x/a.md",
        "x/drafts/b.md",
        "drafts/c.md",
        "x/y/d.md",
    ]);
    assert_eq!(tree.names(&["*.txt"], &[]), ["a.txt"]);
    assert_eq!(
        tree.names(&["a.{md,txt}"], &[]),
        ["a.md", "a.txt", "x/a.md"]
    );
    assert_eq!(tree.names(&["x/*.md"], &[]), ["x/a.md"]);
    assert_eq!(tree.names(&["/*.md"], &[]), ["a.md"]);
    assert_eq!(
        tree.names(&["x/**"], &["x/y/"]),
        ["x/a.md", "x/drafts/b.md"]
    );
    assert_eq!(
        tree.names(&[], &["drafts/"]),
        ["a.md", "a.txt", "x/a.md", "x/y/d.md"]
    );
    assert_eq!(
        tree.names(&["drafts/"], &[]),
        ["drafts/c.md", "x/drafts/b.md"]
    );
    assert_eq!(tree.names(&[], &["x", "*.txt", "/drafts/**"]), ["a.md"]);
    // A folder's name is all of it; what may be any name is a file's.
    assert_eq!(
        tree.names(&["drafts"], &[]),
        ["drafts/c.md", "x/drafts/b.md"]
    );
    assert_eq!(tree.names(&["x/y"], &[]), ["x/y/d.md"]);
    assert_eq!(tree.names(&["draft*", "/x*"], &[]), Vec::<String>::new());
}

#[test]
fn a_glob_that_means_nothing_is_refused() {
    for glob in ["a[", "{a,b", "", "./", "!a"] {
        let error = Globs::new(&[glob.to_owned()], &[]).unwrap_err();
        assert_eq!(error.glob, glob);
    }
}

#[test]
fn links_lead_nowhere_outside_and_give_no_file_twice() {
    let tree = Tree::of(&["a.md", ".data/v1/hidden.md", "sub/b.md"]);
    symlink("/etc", tree.path("etc")).unwrap();
    symlink("/etc", tree.path("etc.md")).unwrap();
    symlink("/etc/passwd", tree.path("passwd.txt")).unwrap();
    symlink(
        "../../../../../../etc/passwd",
        tree.path("sub/relative.txt"),
    )
    .unwrap();
    symlink("gone", tree.path("gone.md")).unwrap();
    symlink("loop.md", tree.path("loop.md")).unwrap();
    symlink("..", tree.path("sub/up.md")).unwrap();
    symlink("a.md", tree.path("again.md")).unwrap();
    symlink(".data/v1/hidden.md", tree.path("mounted.md")).unwrap();
    symlink(".data/v1/hidden.md", tree.path("mounted2.md")).unwrap();
    let walk = tree.walk(&[], &[]);
    let names: Vec<_> = walk.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["a.md", "mounted.md", "sub/b.md"]);
    assert_eq!(walk.files[1].read().unwrap(), b"text");
    let told: Vec<_> = walk
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "etc",
            "etc.md",
            "gone.md",
            "loop.md",
            "passwd.txt",
            "sub/relative.txt",
            "sub/up.md"
        ]
    );
    assert_eq!(
        walk.problems[4].reason,
        "is a link out of the folder, which is not followed"
    );
}

#[test]
fn odd_names_are_told_in_one_line_and_skipped() {
    let tree = Tree::of(&[
        "good.md",
        "two\nlines.md",
        "two\nlines.png",
        "bell\u{7}/in.md",
    ]);
    fs::write(tree.0.path().join(OsStr::from_bytes(b"latin\xe9.md")), "x").unwrap();
    let walk = tree.walk(&[], &[]);
    assert_eq!(walk.files.len(), 1);
    let told: Vec<_> = walk
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(told, ["bell\\u{7}", "latin\\xe9.md", "two\\nlines.md"]);
}

#[test]
fn a_file_too_large_is_not_even_opened() {
    let tree = Tree::of(&["good.md"]);
    File::create(tree.path("large.txt"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    let walk = tree.walk(&[], &[]);
    assert_eq!((walk.files.len(), walk.problems.len()), (1, 1));
    assert!(
        walk.problems[0].reason.contains("32 MiB"),
        "{}",
        walk.problems[0].reason
    );
}

#[test]
fn a_file_that_has_become_something_else_is_not_read() {
    let tree = Tree::of(&["a.md", "sub/b.md", "c.md", "d.md"]);
    let files = tree.walk(&[], &[]).files;
    fs::remove_file(tree.path("a.md")).unwrap();
    symlink("/etc/passwd", tree.path("a.md")).unwrap();
    fs::rename(tree.path("sub"), tree.path("moved")).unwrap();
    symlink("moved", tree.path("sub")).unwrap();
    fs::remove_file(tree.path("c.md")).unwrap();
    fs::create_dir(tree.path("c.md")).unwrap();
    let read: Vec<_> = files
        .iter()
        .map(|file| (file.path.as_str(), file.read().is_ok()))
        .collect();
    assert_eq!(
        read,
        [
            ("a.md", false),
            ("c.md", false),
            ("d.md", true),
            ("sub/b.md", false)
        ]
    );
}

#[test]
fn a_file_that_has_grown_is_read_no_further_than_its_bound() {
    let tree = Tree::of(&["a.md"]);
    let files = tree.walk(&[], &[]).files;
    File::create(tree.path("a.md"))
        .unwrap()
        .set_len(MAX_FILE_BYTES * 2)
        .unwrap();
    assert_eq!(files[0].read().unwrap().len() as u64, MAX_FILE_BYTES + 1);
}

#[test]
fn a_folder_that_is_missing_or_a_file_is_one_problem() {
    let tree = Tree::of(&["a.md"]);
    for folder in ["nowhere", "a.md"] {
        let walk = walk(&tree.path(folder), &Globs::default());
        assert_eq!((walk.files.len(), walk.problems.len()), (0, 1));
    }
}

#[test]
fn folders_without_end_end() {
    let tree = Tree::of(&[]);
    let deep = "d/".repeat(MAX_DEPTH + 3);
    fs::create_dir_all(tree.path(&deep)).unwrap();
    fs::write(tree.path(&format!("{deep}a.md")), "x").unwrap();
    let walk = tree.walk(&[], &[]);
    assert_eq!((walk.files.len(), walk.problems.len()), (0, 1));
    assert!(walk.problems[0].reason.contains("32 folders deep"));
}
