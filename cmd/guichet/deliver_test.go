package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"guichet/fixtures"
	"guichet/fixtures/sign"
	"guichet/fixtures/testca"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// deliver drops batches of advances into the inbox of the store in ./store, as
// a supplier would, with an order each, from lines on standard input:
//
//	SIRET/BATCH REF PHARMACY SIGNER AMOUNT
//
// They are the rows of the batch in their order, the first one on line 2 of
// avance.csv. PHARMACY is one of [towns]; SIGNER is pharmacy, supplier (SIG-06,
// review) or nobody (SIG-01, to complete). A line "received TIME" (Paris) says
// when those after it were dropped.
func deliver() error {
	lines, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	d := delivery{written: map[string]bool{}}
	if err := d.received("2023-01-10", "10:00"); err != nil {
		return err
	}
	for line := range strings.Lines(string(lines)) {
		words := strings.Fields(line)
		if words[0] == "received" {
			err = d.received(words[1], words[2])
		} else {
			err = d.row(words[0], words[1], towns[words[2]], words[3], words[4])
		}
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return nil
}

// delivery is what a supplier drops.
type delivery struct {
	at      time.Time
	written map[string]bool // batches that have their header
}

func (d *delivery) received(day, hour string) (err error) {
	d.at, err = time.ParseInLocation("2006-01-02 15:04", day+" "+hour, claim.Paris)
	return err
}

// towns are pharmacies of the common registers: number and name.
var towns = map[string][2]string{
	"pont-neuf":  {"750001018", "Pharmacie du Pont Neuf"},
	"lilas":      {"750001026", "Pharmacie des Lilas"},
	"bellecour":  {"690001037", "SELARL Pharmacie Bellecour"},
	"vieux-port": {"130001043", "Pharmacie du Vieux Port"},
}

const deliveredHeader = "Référence AF;SIRET fournisseur;Référence commande;Date commande;Régime TVA;Montant HT;Nom du responsable;FINESS géographique;Raison sociale;E-mail;Téléphone;N° référencement ANS;Solution logicielle;Version;Fichier bon de commande\n"

func (d *delivery) row(batch, ref string, town [2]string, signer, amount string) error {
	folder := filepath.Join("store/inbox", batch)
	supplier, _, _ := strings.Cut(batch, "/")
	row := fmt.Sprintf("AF-PHA-LGO-Va1;%s;%s;05/01/2023;ASSUJETTI;%s;Claire Martin;%s;%s;contact@pharmacie.example;01 23 45 67 89;LGO-2022-001;OffiSoft Officine;12.4;%s.pdf\n",
		supplier, ref, amount, town[0], town[1], ref)
	if !d.written[batch] {
		row = deliveredHeader + row
		d.written[batch] = true
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	table := filepath.Join(folder, "avance.csv")
	file, err := os.OpenFile(table, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(row)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	order, err := deliveredOrder(ref, town, signer, amount)
	if err != nil {
		return err
	}
	document := filepath.Join(folder, ref+".pdf")
	return errors.Join(os.WriteFile(document, order, 0o600), os.Chtimes(document, d.at, d.at), os.Chtimes(table, d.at, d.at))
}

func deliveredOrder(ref string, town [2]string, signer, amount string) ([]byte, error) {
	pdf, err := fixtures.TextPDF("BON DE COMMANDE "+ref, "Date : 05/01/2023", "Appel à financement AF-PHA-LGO-Va1", "Client : "+town[1],
		"N° FINESS : "+town[0], "Responsable : Claire Martin", "Courriel : contact@pharmacie.example", "Tél. : 01 23 45 67 89",
		"Prestation Ségur", "OffiSoft Officine version 12.4", "Montant HT : "+amount+" EUR", "TVA 20 %",
		"Montant pris en charge par l'Etat au titre du Ségur de la santé")
	company := map[string]string{"pharmacy": town[1], "supplier": "OFFISOFT SAS"}[signer]
	if err != nil || company == "" {
		return pdf, err
	}
	by, err := testca.Issue(testca.Subject{CommonName: company, Organisation: company}, testca.Options{})
	if err != nil {
		return nil, err
	}
	return sign.PDF(pdf, sign.Request{By: by, At: time.Date(2023, 1, 5, 10, 0, 0, 0, claim.Paris)})
}

// state prints all that must not change when nothing does: every object of
// ./store with its digest, and the head of the audit chain of ./ledger.db.
func state() error {
	err := filepath.WalkDir("store", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		fmt.Printf("%x  %s\n", sha256.Sum256(data), name)
		return err
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	book, err := ledger.Open(ctx, "sqlite://ledger.db")
	if err != nil {
		return err
	}
	head, err := book.Head(ctx)
	fmt.Printf("%d %s\n", head.Number, head.Digest)
	return errors.Join(err, book.Close())
}
