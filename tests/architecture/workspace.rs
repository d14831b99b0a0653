//! The workspace as cargo and the file system show it.
//!
//! What lives here: reading. What does not: judging what was read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// Deeper than any folder of ours; a link in a circle ends here.
const FOLDER_DEPTH_MAX: usize = 16;

/// A member of the workspace with what it declares.
pub struct Crate {
    /// The package name, which is what other manifests call it.
    pub name: String,
    /// The text of its `Cargo.toml`.
    pub manifest: String,
    /// The file of its library, if it has one.
    pub library: Option<PathBuf>,
    /// Everything it depends on, in the order of the manifest.
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependencies.
pub struct Dependency {
    /// The package's name, also when the manifest renames it.
    pub name: String,
    /// Whether it is a folder of this workspace and not a package from outside.
    pub is_ours: bool,
    /// Whether only tests see it.
    pub is_dev: bool,
}

/// A Rust source of the workspace.
pub struct RustFile {
    /// Relative to the root, with `/` between folders.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The members of the workspace, and where they lie.
pub struct Workspace {
    pub root: PathBuf,
    /// All members, the root package included.
    pub crates: Vec<Crate>,
}

impl Workspace {
    /// Reads the manifests through cargo, without the network and without touching the lock file.
    pub fn read() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no root")?.to_owned();
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
            .current_dir(&root)
            .output()
            .context("cargo does not run")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo metadata failed: {complaint}");

        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let crates =
            list(&metadata["packages"]).iter().map(read_crate).collect::<Result<_, _>>()?;
        Ok(Self { root, crates })
    }

    /// All sources, build products and hidden folders left out.
    pub fn rust_files(&self) -> anyhow::Result<Vec<RustFile>> {
        let mut files = Vec::new();
        collect(&self.root, &self.root, FOLDER_DEPTH_MAX, &mut files)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }
}

/// Whether a manifest says that the lints of the workspace hold for its crate.
pub fn takes_workspace_lints(manifest: &str) -> bool {
    let Ok(manifest) = manifest.parse::<toml::Table>() else { return false };
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    lints.and_then(toml::Value::as_bool) == Some(true)
}

fn read_crate(package: &Value) -> anyhow::Result<Crate> {
    let library = list(&package["targets"])
        .iter()
        .find(|target| list(&target["kind"]).iter().any(|kind| kind == "lib"))
        .map(|target| PathBuf::from(string(&target["src_path"])));
    let dependencies = list(&package["dependencies"])
        .iter()
        .map(|dependency| Dependency {
            name: string(&dependency["name"]),
            is_ours: dependency["path"].is_string(),
            is_dev: dependency["kind"] == "dev",
        })
        .collect();
    let manifest = read(Path::new(&string(&package["manifest_path"])))?;
    Ok(Crate { name: string(&package["name"]), manifest, library, dependencies })
}

fn collect(
    root: &Path,
    folder: &Path,
    depth_left: usize,
    files: &mut Vec<RustFile>,
) -> anyhow::Result<()> {
    // Cargo marks every folder of build products with this file.
    if depth_left == 0 || folder.join("CACHEDIR.TAG").exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, depth_left - 1, files)?;
        } else if name.ends_with(".rs") {
            let relative = path.strip_prefix(root)?;
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            files.push(RustFile { path: parts.join("/"), text: read(&path)? });
        }
    }
    Ok(())
}

/// Reads a text, naming the file if that fails.
pub fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("cargo metadata has a list here")
}

fn string(value: &Value) -> String {
    value.as_str().expect("cargo metadata has a string here").to_owned()
}

#[test]
fn the_workspace_is_read_with_its_arrows() {
    let crates = Workspace::read().unwrap().crates;
    let testkit = crates.iter().find(|one| one.name == "testkit").unwrap();
    let found = |name: &str| testkit.dependencies.iter().find(|one| one.name == name).unwrap();

    assert!(testkit.library.is_some());
    assert!(found("domain").is_ours && !found("domain").is_dev);
    assert!(!found("toml").is_ours && found("toml").is_dev);
}

#[test]
fn missing_lints_are_noticed() {
    assert!(takes_workspace_lints("[package]\nname = \"a\"\n[lints]\nworkspace = true\n"));
    assert!(takes_workspace_lints("lints.workspace = true"));
    assert!(!takes_workspace_lints("[package]\nname = \"a\"\n"));
    assert!(!takes_workspace_lints("[lints]\nworkspace = false\n"));
    assert!(!takes_workspace_lints("# [lints]\n# workspace = true\n"));
}
