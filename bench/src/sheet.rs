//! Files as other people would bring them, written into a folder.
//!
//! What lives here: CSV of a stated length. What does not: reading it, which is `intake`'s and is measured.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    dice::Dice,
    world::{ATTACHMENT, LINES_PER_ORDER, price_minor},
};

/// One world, always the same.
const SEED: u64 = 23;
/// Of a hundred companies, those whose name needs quotes.
const QUOTED_PERCENT: i64 = 20;

/// The files of one import.
pub struct Sheets {
    /// Accounts.
    pub clients: PathBuf,
    /// People.
    pub contacts: PathBuf,
    /// Products.
    pub products: PathBuf,
    /// Orders.
    pub orders: PathBuf,
    /// Their lines.
    pub lines: PathBuf,
}

/// Rows of each file; orders have three lines each.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Accounts.
    pub clients: usize,
    /// People.
    pub contacts: usize,
    /// Products.
    pub products: usize,
    /// Orders.
    pub orders: usize,
}

/// Writes the files of an import into a folder.
pub fn write(folder: &Path, rows: Rows) -> io::Result<Sheets> {
    let mut dice = Dice::new(SEED);
    let sheets = Sheets {
        clients: folder.join("clients.csv"),
        contacts: folder.join("contacts.csv"),
        products: folder.join("products.csv"),
        orders: folder.join("orders.csv"),
        lines: folder.join("lines.csv"),
    };
    clients(&sheets.clients, rows, &mut dice)?;
    contacts(&sheets.contacts, rows, &mut dice)?;
    products(&sheets.products, rows)?;
    orders(&sheets.orders, &sheets.lines, rows, &mut dice)?;
    Ok(sheets)
}

fn create(path: &Path, header: &str) -> io::Result<BufWriter<File>> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "{header}")?;
    Ok(file)
}

fn clients(path: &Path, rows: Rows, dice: &mut Dice) -> io::Result<()> {
    let header = "external_id,name,client_type,country,domain,annual_value,known_since";
    let mut file = create(path, header)?;
    for place in 0..rows.clients {
        let name = if dice.happens(QUOTED_PERCENT) {
            format!("\"Müller, Söhne & \"\"{place}\"\" GmbH\"")
        } else {
            format!("Harbour Supplies {place} Ltd")
        };
        let value = dice.between(1_000, 900_000);
        let month = dice.between(1, 12);
        writeln!(
            file,
            "C-{place},{name},wholesale,Portugal,c{place}.example,{value}.50,2019-{month:02}-01"
        )?;
    }
    file.flush()
}

fn contacts(path: &Path, rows: Rows, dice: &mut Dice) -> io::Result<()> {
    let header = "external_id,client,name,title,role,email,phone,known_since,is_active";
    let mut file = create(path, header)?;
    for place in 0..rows.contacts {
        let client = dice.place(rows.clients);
        let day = dice.between(1, 28);
        let is_active = !dice.happens(3);
        writeln!(
            file,
            "P-{place},C-{client},Inês Duarte {place},Head of Purchasing,purchasing,\
             ines.{place}@c{client}.example,+351 21 {place:06},2021-09-{day:02},{is_active}"
        )?;
    }
    file.flush()
}

fn products(path: &Path, rows: Rows) -> io::Result<()> {
    let mut file = create(path, "external_id,name,sku,unit,list_price,pack_multiple")?;
    for place in 0..rows.products {
        let price = decimal(price_minor(place));
        writeln!(file, "{place},Ratchet strap {place},SKU-{place},piece,{price},1")?;
    }
    file.flush()
}

fn orders(heads: &Path, lines: &Path, rows: Rows, dice: &mut Dice) -> io::Result<()> {
    let header = "external_id,client,ordered_on,number,required_on,freight,terms_days,po_number,\
                  attachments";
    let mut heads = create(heads, header)?;
    let mut lines = create(lines, "order,product,sku,quantity,unit,unit_price,line_no")?;
    for order in 0..rows.orders {
        let client = dice.place(rows.clients);
        let day = dice.between(1, 28);
        writeln!(
            heads,
            "{order},C-{client},2027-02-{day:02},SO-{order},2027-03-{day:02},15.00,30,PO-{order},\
             {ATTACHMENT}"
        )?;
        for line_no in 1..=LINES_PER_ORDER {
            let place = dice.place(rows.products);
            let price = decimal(price_minor(place));
            let quantity = dice.between(1, 40);
            writeln!(lines, "{order},{place},SKU-{place},{quantity},piece,{price},{line_no}")?;
        }
    }
    heads.flush()?;
    lines.flush()
}

fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
