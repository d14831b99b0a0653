//! The forty orders that wait at the start, and the forty of the sixty days after it.

use domain::{order::FaultCode, record::OrderStatus};

use super::{
    draft::{Start, draw_up},
    slip::{
        Slip::{
            self, BelowMinimum, BrokenPack, Currency, Discontinued, DiscontinuedInApril,
            DiscontinuedSomeDay, Discount, DuplicatePo, Inactive, LongTerms, NoAttachment,
            NoEvidence, NoLines, NoPrice, NoProfile, OldPackagingPrice, OldPrice, OnHold,
            OverLimit, Overdue, PoMissing, PriceExpired, TooEarly, TooLarge, Total, Unit,
            UnknownSku,
        },
        Slipping,
    },
};
use crate::{catalogue::PriceList, company::day, world::Order};

/// One order that will be new: whose, how many days after the start, and what is wrong with it.
type Planned = (usize, i64, &'static [Slip]);

/// The orders, numbered in the order of the table.
pub(super) fn orders(list: &PriceList<'_>, past: &[Order]) -> Vec<Order> {
    let order = |(place, (client, offset, slips)): (usize, &Planned)| {
        let number = number(place);
        let ordered_on = day(*offset);
        let status = OrderStatus::New;
        let start = Start { number: &number, client: *client, ordered_on, status };
        let mut order = draw_up(list, start);
        let slipping = Slipping { list, client: *client, past };
        for slip in *slips {
            slip.spoil(&mut order, &slipping);
        }
        order
    };
    PLANNED.iter().enumerate().map(order).collect()
}

/// What a check must find in them.
pub(super) fn faults() -> Vec<(String, FaultCode)> {
    let of_order = |(place, (_, _, slips)): (usize, &Planned)| {
        slips.iter().map(move |slip| (number(place), slip.code())).collect::<Vec<_>>()
    };
    PLANNED.iter().enumerate().flat_map(of_order).collect()
}

fn number(place: usize) -> String {
    format!("SO-{}", 26_001 + place)
}

/// The table: by date, so that the numbers rise with it. A wrong total comes after other slips,
/// because each of them adds the order up again.
const PLANNED: [Planned; 80] = [
    // Wednesday to Friday before the start.
    (37, -5, &[Inactive]),
    (0, -5, &[DuplicatePo]),
    (1, -5, &[PoMissing]),
    (18, -5, &[]),
    (2, -5, &[UnknownSku]),
    (7, -5, &[OldPrice]),
    (28, -5, &[]),
    (3, -4, &[Discontinued]),
    (4, -4, &[Unit]),
    (10, -4, &[OldPrice]),
    (5, -4, &[BelowMinimum]),
    (29, -4, &[]),
    (6, -4, &[BrokenPack]),
    (12, -4, &[OldPrice]),
    (14, -4, &[PriceExpired]),
    (15, -3, &[NoPrice]),
    (17, -3, &[Currency]),
    (0, -3, &[]),
    (18, -3, &[Discount]),
    (19, -3, &[Total]),
    (8, -3, &[OverLimit]),
    (5, -3, &[]),
    (13, -3, &[OnHold]),
    (16, -3, &[Overdue]),
    (34, -3, &[]),
    (20, -3, &[LongTerms]),
    (21, -3, &[TooEarly]),
    (9, -3, &[NoEvidence]),
    // The morning of the start.
    (11, 0, &[NoEvidence]),
    (7, 0, &[NoAttachment]),
    (1, 0, &[]),
    (23, 0, &[NoProfile]),
    (22, 0, &[DiscontinuedSomeDay]),
    (24, 0, &[TooLarge]),
    (25, 0, &[NoLines]),
    (27, 0, &[Unit, Discount, Total]),
    (4, 0, &[]),
    (12, 0, &[]),
    (14, 0, &[]),
    (22, 0, &[]),
    // The sixty days after it.
    (2, 1, &[]),
    (3, 1, &[BrokenPack]),
    (6, 2, &[]),
    (10, 2, &[]),
    (15, 3, &[]),
    (17, 4, &[]),
    (28, 4, &[UnknownSku]),
    (0, 7, &[]),
    (19, 8, &[]),
    (21, 8, &[]),
    (1, 9, &[]),
    (24, 10, &[]),
    (30, 11, &[]),
    (3, 14, &[]),
    (14, 15, &[]),
    (6, 16, &[OldPrice]),
    (16, 16, &[Overdue]),
    (5, 17, &[]),
    (25, 18, &[]),
    (2, 21, &[]),
    (18, 22, &[]),
    (4, 23, &[]),
    (1, 24, &[PoMissing]),
    (12, 25, &[]),
    (7, 28, &[]),
    (31, 29, &[]),
    (5, 30, &[OldPackagingPrice]),
    (12, 31, &[DiscontinuedInApril]),
    (10, 36, &[]),
    (19, 37, &[Discount, Total]),
    (22, 38, &[]),
    (0, 39, &[]),
    (14, 42, &[NoEvidence]),
    (26, 43, &[]),
    (29, 44, &[Currency]),
    (15, 46, &[]),
    (3, 50, &[DuplicatePo]),
    (6, 52, &[]),
    (1, 56, &[]),
    (32, 58, &[]),
];
